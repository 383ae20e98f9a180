package rest

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"docket/modules/identity/internal/core"
	"docket/platform/auth"
	"docket/platform/errs"
	"docket/platform/httpx"
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

// Authenticate returns the id of the user whose token authorization carries. An
// erased user's fails with [httpx.ErrGenuine].
func (a *Authenticator) Authenticate(ctx context.Context, authorization string) (uuid.UUID, error) {
	p, err := a.tokens.Authenticate(ctx, authorization)
	if err != nil {
		return uuid.Nil, err
	}
	id, err := a.users.Identify(ctx, core.Claims{
		Issuer: p.Issuer, Subject: p.Subject, IssuedAt: p.IssuedAt,
		Email: orNil(p.Email), Name: orNil(p.Name),
	})
	if errs.KindOf(err) == errs.Unauthenticated {
		return uuid.Nil, fmt.Errorf("%w: %w", httpx.ErrGenuine, err)
	}
	return id, err
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
