package httpx

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
)

// What a browser may do with what it is sent. An answer of the API is nothing
// to show; a page made here takes all it needs from this server.
const (
	apiPolicy  = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
		"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

// transportSecurity keeps a browser from coming back without TLS for a year. It
// says nothing about subdomains, which may be somebody else's.
const transportSecurity = "max-age=31536000"

// exposed are the headers of answers that a script of another origin may read.
const exposed = "ETag,Location,Retry-After,X-Request-Id,RateLimit-Limit,RateLimit-Remaining,RateLimit-Reset,Idempotent-Replayed"

// secure sets what protects browsers, on every answer there is.
func (a *App) secure(c *fiber.Ctx) {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderXFrameOptions, "DENY")
	c.Set(fiber.HeaderContentSecurityPolicy, apiPolicy)
	if a.overTLS(c) {
		c.Set(fiber.HeaderStrictTransportSecurity, transportSecurity)
	}
}

// securePage lets a page load what is its own.
func securePage(c *fiber.Ctx, contentType string) {
	if strings.HasPrefix(contentType, fiber.MIMETextHTML) {
		c.Set(fiber.HeaderContentSecurityPolicy, pagePolicy)
	}
}

// cors lets browsers call from the allowed origins. Credentials are on, hence
// origins are exact.
func (a *App) cors() fiber.Handler {
	return cors.New(cors.Config{
		AllowOriginsFunc: a.originAllowed,
		AllowCredentials: true,
		AllowMethods:     "GET,HEAD,POST,PUT,PATCH,DELETE",
		AllowHeaders:     "Authorization,Content-Type,If-Match,If-None-Match,Idempotency-Key,X-Request-Id,traceparent,tracestate",
		ExposeHeaders:    exposed,
		MaxAge:           600,
	})
}

func (a *App) originAllowed(origin string) bool {
	return slices.Contains(a.AllowOrigins, origin)
}

// shareRefusal lets a script read why its request was refused before any
// middleware saw it: that its body is too large, say.
func (a *App) shareRefusal(c *fiber.Ctx) {
	c.Vary(fiber.HeaderOrigin)
	origin := c.Get(fiber.HeaderOrigin)
	if !a.originAllowed(origin) {
		return
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
	c.Set(fiber.HeaderAccessControlExposeHeaders, exposed)
}
