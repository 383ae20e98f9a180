package rest

import (
	"context"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/platform/auth"
)

// Authenticator turns the Authorization header of a request into a user of
// ours. It implements the HTTP edge's port of that name.
type Authenticator struct {
	tokens *auth.Verifier
	users  *core.Service
}

// NewAuthenticator returns an Authenticator that believes what tokens accepts.
func NewAuthenticator(tokens *auth.Verifier, users *core.Service) *Authenticator {
	return &Authenticator{tokens: tokens, users: users}
}

// Authenticate returns the id of the user whose token authorization carries.
func (a *Authenticator) Authenticate(ctx context.Context, authorization string) (uuid.UUID, error) {
	p, err := a.tokens.Authenticate(ctx, authorization)
	if err != nil {
		return uuid.Nil, err
	}
	return a.users.Identify(ctx, core.Claims{
		Issuer: p.Issuer, Subject: p.Subject, IssuedAt: p.IssuedAt,
		Email: orNil(p.Email), Name: orNil(p.Name),
	})
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
