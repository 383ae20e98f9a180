package httpx

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/ratelimit"
)

// Authenticator finds out who asks.
type Authenticator interface {
	// Authenticate returns the id of the user that the value of an
	// Authorization header stands for, and keeps nothing of that value, whose
	// memory another request reuses. It returns an [errs.Unauthenticated]
	// where that proves nothing, together with [ErrGenuine] where it did once,
	// and [errs.Unavailable] where it cannot be told.
	Authenticate(ctx context.Context, authorization string) (uuid.UUID, error)
}

// ErrGenuine says that a token is refused that the issuer did give out: nobody
// guessed it.
var ErrGenuine = errors.New("the token is genuine")

// Limiter counts requests.
type Limiter interface {
	// Allow counts one request of key. With an error, the request is refused
	// for it; whether a limiter that cannot count returns one is its own
	// affair.
	Allow(ctx context.Context, key string) (ratelimit.Decision, error)
}

const cachePrivate = "private, no-cache"

// authenticate lets through who proves to be a user and has not asked too
// often. Whoever proves nothing is counted by address: who sends no token, or one
// that was good, as often as a user may ask; who sends one that is nobody's, more
// strictly, as who tries tokens would. Where it cannot be told who asks, for the
// database or the key set fails, nobody is to blame and nothing is counted.
func (a *App) authenticate(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, cachePrivate)
	c.Set(fiber.HeaderVary, "Origin, Authorization")

	authorization := utils.UnsafeString(c.Request().Header.Peek(fiber.HeaderAuthorization))
	owner, err := a.Users.Authenticate(c.UserContext(), authorization)
	switch {
	case err == nil:
		err = a.limit(c, a.Limiter, "user "+owner.String())
	case errs.KindOf(err) == errs.Unauthenticated:
		limiter := a.Limiter
		if authorization != "" && !wasGood(err) {
			limiter = a.Failures
		}
		if limited := a.limit(c, limiter, "address "+a.clientKey(c)); limited != nil {
			err = limited
		}
	}
	if err != nil {
		return err
	}
	c.Locals(localOwner, owner)
	return c.Next()
}

// wasGood reports whether a token was refused that a user of ours had: it has
// expired, or the user is erased.
func wasGood(err error) bool {
	return explain(err).Code == errs.CodeTokenExpired || errors.Is(err, ErrGenuine)
}

func ownerOf(c *fiber.Ctx) uuid.UUID {
	owner, _ := c.Locals(localOwner).(uuid.UUID)
	return owner
}

func (a *App) limit(c *fiber.Ctx, limiter Limiter, key string) error {
	d, err := limiter.Allow(c.UserContext(), key)
	if err != nil {
		return fmt.Errorf("apply the rate limit: %w", err)
	}
	c.Set("RateLimit-Limit", strconv.Itoa(d.Limit))
	c.Set("RateLimit-Remaining", strconv.Itoa(d.Remaining))
	c.Set("RateLimit-Reset", strconv.Itoa(seconds(d.Reset)))
	if d.Allowed {
		return nil
	}
	e := errs.New(errs.RateLimited, "too many requests; wait as long as Retry-After says")
	e.RetryAfter = d.RetryAfter
	return e
}
