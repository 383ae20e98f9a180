package sample

// language is what titles are put together from: a verb, what it is done to,
// and when or with whom.
type language struct{ verbs, things, ends, topics []string }

var languages = []language{
	{
		verbs:  []string{"Call", "Write", "Review", "Buy", "Fix", "Plan", "Book", "Cancel", "Clean", "Send", "Read", "Update", "Prepare", "Check", "Order"},
		things: []string{"the dentist", "quarterly report", "pull request", "milk and bread", "leaking tap", "team offsite", "flights to Lisbon", "old subscription", "the garage", "invoice", "release notes", "CV", "slides", "backups", "birthday present"},
		ends:   []string{"before Friday", "with Sam", "for the kids", "again", "tonight", "as discussed", "(urgent)", "for 2027", "at the office"},
		topics: []string{"Home", "Work", "Errands", "Garden", "Reading", "Finance", "Health", "Travel", "Launch", "Waiting for", "Someday"},
	},
	{
		verbs:  []string{"Anrufen:", "Prüfen:", "Schreiben:", "Kaufen:", "Überweisen:", "Abholen:", "Planen:", "Aufräumen:"},
		things: []string{"Müller GmbH", "Steuererklärung", "Straßenfest", "Äpfel und Brötchen", "Heizungsrechnung", "Größe der Küche", "Bücherei", "Fahrräder"},
		ends:   []string{"vor Montag", "mit Jürgen", "für Oma", "übermorgen", "im Büro", "(dringend)"},
		topics: []string{"Haushalt", "Büro", "Einkäufe", "Übungen", "Ämter", "Grüne Wiese"},
	},
	{
		verbs:  []string{"Appeler", "Écrire à", "Préparer", "Réserver", "Vérifier", "Acheter", "Relire"},
		things: []string{"le médecin", "l'hôtel à Nîmes", "la réunion d'équipe", "du pain et du café", "les impôts", "le dîner de Noël", "le résumé"},
		ends:   []string{"avant jeudi", "avec Zoé", "pour l'été", "dès que possible", "à la mairie"},
		topics: []string{"Maison", "Études", "Santé", "Été à Évian", "Idées", "À lire"},
	},
	{
		verbs:  []string{"Llamar a", "Comprar", "Revisar", "Enviar", "Reservar", "Terminar"},
		things: []string{"la señora Núñez", "piñas y jamón", "el informe", "la canción", "el avión", "los deberes"},
		ends:   []string{"mañana", "con Íñigo", "para el niño", "después de las seis", "en el jardín"},
		topics: []string{"Casa", "Compañía", "Español", "Vacaciones en Málaga", "Útiles"},
	},
	{
		verbs:  []string{"Zadzwonić do", "Kupić", "Sprawdzić", "Wysłać", "Naprawić"},
		things: []string{"dentysty", "żółty ser", "łódkę", "sprawozdanie", "święta u babci", "źródła"},
		ends:   []string{"przed środą", "z Łukaszem", "na później", "w Łodzi"},
		topics: []string{"Dom", "Praca", "Książki", "Zdrowie", "Święta"},
	},
	{
		verbs:  []string{"Позвонить", "Купить", "Проверить", "Отправить", "Починить"},
		things: []string{"врачу", "хлеб и молоко", "отчёт", "письмо", "велосипед", "счета"},
		ends:   []string{"до пятницы", "с Ёлкой", "завтра", "срочно"},
		topics: []string{"Дом", "Работа", "Учёба", "Дача"},
	},
	{
		verbs:  []string{"予約", "確認", "購入", "準備", "返信"},
		things: []string{"歯医者", "会議の資料", "牛乳とパン", "東京のホテル", "コーヒー豆", "レポート"},
		ends:   []string{"今日中", "田中さんと", "来週", "至急"},
		topics: []string{"家", "仕事", "買い物", "旅行", "読書"},
	},
	{
		verbs:  []string{"Τηλεφώνησε", "Αγόρασε", "Έλεγξε", "Στείλε"},
		things: []string{"στον γιατρό", "ψωμί και γάλα", "την αναφορά", "τα εισιτήρια"},
		ends:   []string{"αύριο", "με την Ελένη", "πριν το Σάββατο"},
		topics: []string{"Σπίτι", "Δουλειά", "Αγορές"},
	},
}

var people = []string{
	"Ada", "Grace", "José", "Zoë", "Björn", "Łucja", "Nguyễn", "Chloé", "Søren", "İpek", "Mehmet", "Ölmez", "Anaïs", "Dvořák", "Иван", "花子", "Ελένη", "Sam", "Priya", "Kwame",
}

var zones = []string{
	"UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Tokyo", "Asia/Kolkata",
	"Asia/Kathmandu", "Australia/Sydney", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Lagos",
}
