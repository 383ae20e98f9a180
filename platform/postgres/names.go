package postgres

// NameContains is a condition that looks for text in the column name_key, both without accents and
// with what is only another form of a letter resolved (Unicode Standard Annex
// 15, NFKD), as the search for tasks has it. It is plain text: nothing in it
// stands for anything else. The names of one user are few enough to be looked
// through. Its one argument is a key, too: see package fold.
const (
	NameContains = `strpos(` + unmarked + `name_key` + marksRemoved + `, ` + unmarked + `?::text` + marksRemoved + `) > 0`
	unmarked     = `translate(replace(replace(replace(regexp_replace(lower(normalize(`
	// The accents of Latin, Greek and Cyrillic and the points of Hebrew and
	// Arabic, and the letters that Unicode does not take apart.
	marksRemoved = `, NFKD)), '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'),` +
		` 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'øłđðħŧı', 'olddhti')`
)
