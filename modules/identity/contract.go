// Package identity is the module of users: who asks, and what is kept of them.
// What stands in this file is all that the rest of Docket may know of it.
package identity

import (
	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/rest"
)

// What identity offers to others.
type (
	// Authenticator tells which user the bearer of a token is.
	Authenticator = rest.Authenticator
	// Zones answers in which time zone a user is.
	Zones = core.Zones
)
