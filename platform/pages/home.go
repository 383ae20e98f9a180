package pages

// Home is what the front page of a developer's machine shows.
type Home struct {
	// Facts are what is running.
	Facts []Fact
	// User is whose tasks the board has, Token speaks for them; "" for nobody.
	User, Token string
}

// Fact is one thing about the running program. Link is where it leads, "" for
// nowhere.
type Fact struct{ Name, Value, Link string }

// Settings are what the page's script needs.
func (h Home) Settings() map[string]string { return map[string]string{"token": h.Token} }

// Home renders the front page, in HTML.
func (s *Set) Home(h Home) ([]byte, error) { return s.render("home.html", h) }
