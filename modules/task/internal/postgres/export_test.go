package postgres

import (
	pg "docket/platform/postgres"
)

// Vector is what the search index holds.
var Vector = vector

// NewWalkingStore returns a Store to which few are fewer: it lists the same.
func NewWalkingStore(db *pg.DB) *Store {
	return &Store{db: db, effort: effort{few: 5, near: 10, ahead: 20}}
}
