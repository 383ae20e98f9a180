package postgres

// Vector and Query are what the search index holds and is asked.
var (
	Vector = vector
	Query  = tsquery
)
