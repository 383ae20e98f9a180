package httpx

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"docket/platform/httpx/framing"
)

// Meters are who is told of requests; nil where nobody is.
type Meters struct {
	// Requests is asked once for each route, and for "" as that of requests
	// that none fits. What it returns is told of each request's status and how
	// long it took, a download until its end.
	Requests func(method, route string) func(status int, took time.Duration)
	// Failed is told the code of each failure that was answered.
	Failed func(code string)
	// Refused is told why a request was refused for its framing, one of
	// [framing.Reasons].
	Refused func(reason string)
}

// meterKey is a method and the template of a path, as the router has them.
type meterKey struct{ method, route string }

type told func(status int, took time.Duration)

func toldNobody(int, time.Duration) {}

// meter has the requests of a route told. It is called before the first
// request.
func (a *App) meter(method, route string) {
	a.meters[meterKey{method, route}] = toldNobody
	if a.Meters.Requests != nil {
		a.meters[meterKey{method, route}] = a.Meters.Requests(method, route)
	}
}

// meterRead is meter for what can be got, which can be asked for with HEAD too.
func (a *App) meterRead(route string) {
	a.meter(fiber.MethodGet, route)
	a.meter(fiber.MethodHead, route)
}

// told returns who is to be told of a request. One that no route fits is told
// as such, whatever method and path the client made up.
func (a *App) told(c *fiber.Ctx) told {
	if t, ok := a.meters[keyOf(c)]; ok {
		return t
	}
	return a.unmatched
}

// keyOf is what a request's route is told under. Fiber counts the middleware as
// a route at "/", which is where a request ends that no other fits.
func keyOf(c *fiber.Ctx) meterKey {
	if c.Route().Path == "/" && c.Path() != "/" {
		return meterKey{}
	}
	return meterKey{c.Method(), c.Route().Path}
}

func (a *App) tellFailure(err error) {
	if a.Meters.Failed != nil {
		a.Meters.Failed(string(explain(err).Code))
	}
}

func (a *App) tellRefused(r *framing.Refusal) {
	if a.Meters.Refused != nil {
		a.Meters.Refused(string(r.Reason))
	}
}
