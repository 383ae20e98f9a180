package httpx

import (
	"context"

	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/ratelimit"
)

// Authenticator finds out who asks.
type Authenticator interface {
	// Authenticate returns the id of the user that the value of an
	// Authorization header stands for. It returns an [errs.Unauthenticated]
	// where that proves nothing, [errs.Unavailable] where it cannot be told.
	Authenticate(ctx context.Context, authorization string) (uuid.UUID, error)
}

// Limiter counts requests.
type Limiter interface {
	Allow(ctx context.Context, key string) (ratelimit.Decision, error)
}

const cachePrivate = "private, no-cache"

// authenticate lets through who proves to be a user and has not asked too
// often. Whoever proves nothing is counted by address.
func (a *App) authenticate(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, cachePrivate)
	c.Vary(fiber.HeaderAuthorization, fiber.HeaderOrigin)

	owner, err := a.Users.Authenticate(c.UserContext(), c.Get(fiber.HeaderAuthorization))
	key := "user " + owner.String()
	if err != nil {
		key = "address " + a.clientAddress(c)
	}
	if errs.KindOf(err) != errs.Unavailable {
		if limited := a.limit(c, key); limited != nil {
			return limited
		}
	}
	if err != nil {
		return err
	}
	c.Locals(localOwner, owner)
	return c.Next()
}

func ownerOf(c *fiber.Ctx) uuid.UUID {
	owner, _ := c.Locals(localOwner).(uuid.UUID)
	return owner
}

func (a *App) limit(c *fiber.Ctx, key string) error {
	d, err := a.Limiter.Allow(c.UserContext(), key)
	if err != nil {
		a.Log.Warn("rate limit not applied", slog.Any("error", err))
		return nil
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

// clientAddress is the peer, or behind trusted proxies the nearest address
// that none of them has: whatever stands further left in X-Forwarded-For, the
// client may have written itself.
func (a *App) clientAddress(c *fiber.Ctx) string {
	peer, err := netip.ParseAddr(c.Context().RemoteIP().String())
	if err != nil {
		return "unknown"
	}
	peer = peer.Unmap()
	hops := strings.Split(headerList(c, fiber.HeaderXForwardedFor), ",")
	for i := len(hops) - 1; i >= 0 && a.trusts(peer); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop.Unmap()
	}
	return peer.String()
}

// headerList joins the lines of a header that holds a list: a proxy may add a
// line of its own rather than append to the one it was sent (RFC 9110, section
// 5.3).
func headerList(c *fiber.Ctx, name string) string {
	var list []string
	for _, line := range c.Request().Header.PeekAll(name) {
		list = append(list, string(line))
	}
	return strings.Join(list, ",")
}

func (a *App) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}
