// Package identity is the module of users: who asks, and what is kept of them.
// What stands in this file is all that the rest of Docket may know of it.
package identity

import (
	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/postgres"
	"docket/modules/identity/internal/rest"
	pg "docket/platform/postgres"
)

// What identity needs of others.
type (
	// Collections are the things that a user owns, to be exported.
	Collections = core.Collections
	// Collection is one kind of them.
	Collection = core.Collection
	// Belongings are the same to be erased, what refers before what is referred
	// to.
	Belongings = core.Belongings
)

// What identity offers to others.
type (
	// Erasure removes in the background what is left of erased users.
	Erasure = core.Erasure
	// Lookout notices, several times a second, whom other processes erased.
	Lookout = core.Lookout
	// Authenticator tells which user the bearer of a token is.
	Authenticator = rest.Authenticator
	// Zones answers in which time zone a user is.
	Zones = core.Zones
	// Seeding adds made-up users, to try a database with.
	Seeding = postgres.Seeding
)

// NewSeeding returns a [Seeding] of db. It is no part of the [Module]: nothing
// that serves has use for it.
func NewSeeding(db *pg.DB) *Seeding { return postgres.NewSeeding(db) }
