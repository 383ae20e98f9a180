package httpx

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
)

// Headers are those of a request.
type Headers interface {
	// Peek returns the value of a header, good until the request is answered;
	// nil where there is none.
	Peek(name string) []byte
}

// Trace begins to trace a request. What it returns beside the context that the
// request goes on with is called when it was answered, a download when it has
// ended; nil where nobody wants to know.
type Trace func(ctx context.Context, h Headers) (context.Context, func(Traced))

// Traced is what a trace tells of a request.
type Traced struct {
	Method, Route string // Route is a template; "" where none fits
	Status        int
	ID            string // the request id
	User          string // "" where nobody was signed in
	Failure       string // the code of the failure that was answered, if any
}

// trace begins to trace the request of c.
func (a *App) trace(c *fiber.Ctx) func(Traced) {
	if a.Trace == nil {
		return nil
	}
	before := c.UserContext()
	ctx, end := a.Trace(before, &c.Request().Header)
	if ctx != before {
		c.SetUserContext(ctx)
	}
	return end
}

// traced is what there is to tell of the request of c, once answered.
func (a *App) traced(c *fiber.Ctx) Traced {
	t := Traced{Method: methodOf(c), Status: c.Response().StatusCode(), ID: a.requestID(c)}
	if route := keyOf(c); a.meters[route] != nil {
		t.Route = route.route
	}
	if owner := ownerOf(c); owner != uuid.Nil {
		t.User = owner.String()
	}
	if err, ok := c.Locals(localFailure).(error); ok {
		t.Failure = string(explain(err).Code)
	}
	return t
}
