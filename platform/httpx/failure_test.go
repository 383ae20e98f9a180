package httpx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
	"docket/platform/ratelimit"
)

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(text))
}

// lastLine is the last line of the log, which every request ends with.
func lastLine(t *testing.T, app *httpxtest.App) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(app.Logged()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		t.Fatalf("the last line of the log: %v", err)
	}
	return line
}

func TestFaultsOfOursRevealNothing(t *testing.T) {
	t.Parallel()
	for path, inLog := range map[string][]string{
		"/panics":      {"the secret of the panic", "support_test.go", "goroutine"},
		"/panics-late": {"the secret of the panic", "support_test.go", "goroutine"},
		"/panics-nil":  {"nil pointer", "support_test.go"},
		"/breaks":      {"the secret of the database"},
	} {
		app := httpxtest.New(t, failing())
		r := app.As("ada").Do(t, "GET", base+path, "")
		r.WantFailure(t, http.StatusInternalServerError, "INTERNAL")
		for _, secret := range []string{"secret", "nil pointer", "goroutine", ".go"} {
			if strings.Contains(string(r.Body), secret) {
				t.Errorf("%s: the body tells %q: %s", path, secret, r.Body)
			}
		}
		line := lastLine(t, app)
		text, _ := line["error"].(string)
		for _, want := range inLog {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the log does not tell %q: %v", path, want, line)
			}
		}
		for name, want := range map[string]any{
			"level": "ERROR", "code": "INTERNAL", "status": 500.0, "request_id": r.Header.Get("X-Request-Id"),
			"user_id": httpxtest.UserID("ada").String(), "route": base + path, "method": "GET",
		} {
			if line[name] != want {
				t.Errorf("%s: the log has %s %v, want %v", path, name, line[name], want)
			}
		}
		// The next request is served as if nothing had happened.
		app.As("ada").Do(t, "GET", base+"/conflicts", "").WantFailure(t, http.StatusConflict, "CONFLICT")
	}
}

func TestTypedErrors(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, failing())
	failure := app.As("ada").Do(t, "GET", base+"/conflicts", "").WantFailure(t, http.StatusConflict, "CONFLICT")
	if failure.Message != "There is one already" {
		t.Errorf("message is %q", failure.Message)
	}
	line := lastLine(t, app)
	if line["level"] != "INFO" || line["cause"] != "a constraint" {
		t.Errorf("the log has %v", line)
	}
	r := app.As("ada").Do(t, "GET", base+"/unavailable", "")
	r.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
	if got := r.Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After is %q, want 1.5 s rounded up", got)
	}
}

// Every kind of failure has a status of its own and the code that goes with it.
func TestStatusOfEachKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[errs.Kind]struct {
		status int
		code   string
	}{
		errs.Internal:           {500, "INTERNAL"},
		errs.Malformed:          {400, "MALFORMED_REQUEST"},
		errs.Unauthenticated:    {401, "UNAUTHENTICATED"},
		errs.NotFound:           {404, "RESOURCE_NOT_FOUND"},
		errs.MethodNotAllowed:   {405, "METHOD_NOT_ALLOWED"},
		errs.Conflict:           {409, "CONFLICT"},
		errs.PreconditionFailed: {412, "PRECONDITION_FAILED"},
		errs.TooLarge:           {413, "PAYLOAD_TOO_LARGE"},
		errs.UnsupportedMedia:   {415, "UNSUPPORTED_MEDIA_TYPE"},
		errs.RateLimited:        {429, "RATE_LIMITED"},
		errs.HeadersTooLarge:    {431, "HEADERS_TOO_LARGE"},
		errs.Unavailable:        {503, "SERVICE_UNAVAILABLE"},
		errs.DeadlineExceeded:   {504, "DEADLINE_EXCEEDED"},
	} {
		app := httpxtest.New(t, []httpx.Route{{Method: "GET", Path: "/fails", Handle: func(*httpx.Request) (httpx.Response, error) {
			return httpx.Response{}, errs.New(kind, "for a test")
		}}})
		app.As("ada").Do(t, "GET", base+"/fails", "").WantFailure(t, want.status, want.code)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, failing(), func(c *httpx.Config) { c.RequestTimeout = time.Millisecond })
	app.As("ada").Do(t, "GET", base+"/slow", "").WantFailure(t, http.StatusGatewayTimeout, "DEADLINE_EXCEEDED")
	if line := lastLine(t, app); line["level"] != "ERROR" || !strings.Contains(line["error"].(string), "wait for something") {
		t.Errorf("the log has %v", line)
	}
}

// A route may have more time than others, and never has less.
func TestPatience(t *testing.T) {
	t.Parallel()
	for patience, want := range map[time.Duration]time.Duration{0: time.Minute, time.Second: time.Minute, time.Hour: time.Hour} {
		var left time.Duration
		app := httpxtest.New(t, []httpx.Route{{Method: "GET", Path: "/patient", Patience: patience, Handle: func(r *httpx.Request) (httpx.Response, error) {
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
			return httpx.OK(note{}), nil
		}}}, func(c *httpx.Config) { c.RequestTimeout = time.Minute })
		app.As("ada").Do(t, "GET", base+"/patient", "").Want(t, http.StatusOK)
		if left > want || left < want/2 {
			t.Errorf("with a patience of %v a request has %v, want %v", patience, left, want)
		}
	}
}

// What is kept back of a request's time is for its answer.
func TestReserve(t *testing.T) {
	t.Parallel()
	for all, want := range map[time.Duration]time.Duration{time.Second: 500 * time.Millisecond, 3 * time.Second: 2 * time.Second, 8 * time.Second: 6400 * time.Millisecond, time.Minute: 58 * time.Second} {
		var left time.Duration
		app := httpxtest.New(t, []httpx.Route{{Method: "GET", Path: "/work", Handle: func(r *httpx.Request) (httpx.Response, error) {
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
			return httpx.OK(note{}), nil
		}}}, func(c *httpx.Config) { c.RequestTimeout = all })
		app.As("ada").Do(t, "GET", base+"/work", "").Want(t, http.StatusOK)
		if left > want || left < want/2 {
			t.Errorf("of %v, %v are for the work, want %v", all, left, want)
		}
	}
}

// held serves requests that wait until they are let go.
func held(entered chan<- struct{}, release <-chan struct{}) []httpx.Route {
	return []httpx.Route{{Method: "GET", Path: "/held", Handle: func(*httpx.Request) (httpx.Response, error) {
		entered <- struct{}{}
		<-release
		return httpx.OK(note{}), nil
	}}}
}

func TestTooManyInFlight(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	app := httpxtest.New(t, append(held(entered, release), failing()...), func(c *httpx.Config) { c.MaxInFlight = 2 })
	var held sync.WaitGroup
	for range 2 {
		held.Go(func() { app.As("ada").Do(t, "GET", base+"/held", "").Want(t, http.StatusOK) })
		<-entered
	}
	for _, path := range []string{base + "/held", base + "/nothing"} {
		r := app.As("bob").Do(t, "GET", path, "")
		r.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		if got := r.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After is %q", got)
		}
	}
	close(release)
	held.Wait()
	// A panic gives its place back too.
	for range 5 {
		app.As("ada").Do(t, "GET", base+"/panics", "").Want(t, http.StatusInternalServerError)
	}
	app.As("ada").Do(t, "GET", base+"/conflicts", "").Want(t, http.StatusConflict)
}

func TestUnauthenticated(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	one := base + "/notes/" + httpxtest.ID(1).String()
	for _, c := range []struct{ method, path, body string }{
		{"GET", base + "/notes", ""}, {"POST", base + "/notes", `{"title":"milk"}`}, {"POST", base + "/notes", `not JSON`},
		{"GET", base + "/notes?limit=0", ""}, {"GET", one, ""}, {"PUT", one, `{}`}, {"DELETE", one, ""}, {"GET", base + "/notes/x", ""},
	} {
		r := app.Anonymous().Do(t, c.method, c.path, c.body)
		r.WantFailure(t, http.StatusUnauthorized, "UNAUTHENTICATED")
		if got := r.Header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("WWW-Authenticate is %q", got)
		}
	}
}

// outcome is an authenticator that always comes to the same end.
type outcome struct{ err error }

func (o outcome) Authenticate(context.Context, string) (uuid.UUID, error) { return uuid.Nil, o.err }

func TestAuthenticationFails(t *testing.T) {
	t.Parallel()
	expired := errs.New(errs.Unauthenticated, "the token has expired")
	expired.Code = errs.CodeTokenExpired
	keyless := errs.New(errs.Unavailable, "tokens cannot be checked")
	keyless.RetryAfter = 5 * time.Second
	for name, c := range map[string]struct {
		err               error
		status            int
		code, retry, asks string
	}{
		"expired":     {expired.Because(errors.New("exp was yesterday")), 401, "TOKEN_EXPIRED", "", `Bearer error="invalid_token"`},
		"unavailable": {keyless, 503, "SERVICE_UNAVAILABLE", "5", ""},
		"too late":    {errs.New(errs.DeadlineExceeded, "the database did not answer"), 504, "DEADLINE_EXCEEDED", "", ""},
		"broken":      {errors.New("the secret of the key set"), 500, "INTERNAL", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counted atomic.Int32
			app := httpxtest.New(t, newNotes().routes(), func(config *httpx.Config) {
				config.Users, config.Limiter, config.Failures = outcome{c.err}, tally{&counted}, tally{&counted}
			})
			r := app.As("ada").Do(t, "GET", base+"/notes", "")
			r.WantFailure(t, c.status, c.code)
			if strings.Contains(string(r.Body), "secret") || strings.Contains(string(r.Body), "yesterday") {
				t.Errorf("the body tells why: %s", r.Body)
			}
			if got := r.Header.Get("Retry-After"); got != c.retry {
				t.Errorf("Retry-After is %q, want %q", got, c.retry)
			}
			if got := r.Header.Get("WWW-Authenticate"); got != c.asks {
				t.Errorf("WWW-Authenticate is %q, want %q", got, c.asks)
			}
			// An outage is held against nobody.
			if got := counted.Load() > 0; got != (c.status == 401) {
				t.Errorf("it was held against a rate limit: %v", got)
			}
		})
	}
}

// tally counts, and lets everybody pass.
type tally struct{ n *atomic.Int32 }

func (l tally) Allow(context.Context, string) (ratelimit.Decision, error) {
	l.n.Add(1)
	return ratelimit.Decision{Allowed: true}, nil
}

// What a client sends is nobody else's to read: no body, no token, no query.
func TestLogHoldsNothingOfTheClient(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	app := httpxtest.New(t, newNotes(note{ID: httpxtest.ID(1), Title: secret}).routes())
	one := base + "/notes/" + httpxtest.ID(1).String()
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", base + "/notes", `{"title":"` + secret + `"}`, 201},
		{"POST", base + "/notes", `{"title":"` + secret + ` and much more"}`, 422},
		{"POST", base + "/notes", `{"` + secret + `":1}`, 422},
		{"POST", base + "/notes", `{"` + secret + `":1,"` + secret + `":2}`, 400},
		{"POST", base + "/notes", `{"` + secret + `":{"` + secret + `":x}}`, 400},
		{"POST", base + "/notes", `{"title":"` + secret + `" ` + secret + `}`, 400},
		{"POST", base + "/notes", secret, 400},
		{"POST", base + "/notes", `{"project_id":"` + secret + `"}`, 422},
		{"GET", base + "/notes?q=" + secret, "", 200},
		{"GET", base + "/notes?cursor=" + secret, "", 400},
		{"GET", base + "/notes?" + secret + "=1", "", 422},
		{"GET", base + "/notes?limit=" + secret, "", 422},
		{"GET", base + "/notes?sort=" + secret, "", 422},
		{"GET", base + "/notes/" + secret, "", 400},
		{"GET", base + "/" + secret, "", 404},
		{"GET", one, "", 200},
		{"PATCH", one, `{"title":"other"}`, 412},
	} {
		headers := []string{"Authorization", "Bearer " + secret, "Cookie", "session=" + secret, "User-Agent", secret, "Referer", "http://" + secret}
		if c.status == 412 {
			headers = append(headers, "If-Match", `"`+secret+`"`)
		}
		app.Anonymous().Do(t, c.method, c.path, c.body, headers...).Want(t, c.status)
		if strings.Contains(app.Logged(), secret) {
			t.Fatalf("%s %s %s: the log tells the secret:\n%s", c.method, c.path, c.body, app.Logged())
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	clock := httpxtest.NewClock()
	app := httpxtest.New(t, newNotes().routes(), httpxtest.At(clock), limited(t, clock, 2))
	want := func(c httpxtest.Client, status int, headers ...string) {
		t.Helper()
		r := c.Do(t, "GET", base+"/notes", "")
		if status == http.StatusOK {
			r.Want(t, status)
		} else if status == http.StatusTooManyRequests {
			r.WantFailure(t, status, "RATE_LIMITED")
		} else {
			r.WantFailure(t, status, "UNAUTHENTICATED")
		}
		for i, name := range []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"} {
			if got := r.Header.Get(name); got != headers[i] {
				t.Errorf("%s is %q, want %q", name, got, headers[i])
			}
		}
	}
	ada, bob := app.As("ada"), app.As("bob")
	want(ada, 200, "2", "1", "30", "")
	want(ada, 200, "2", "0", "60", "")
	want(ada, 429, "2", "0", "60", "30")
	want(bob, 200, "2", "1", "30", "")
	want(app.Anonymous(), 401, "2", "1", "30", "")
	want(app.Anonymous(), 401, "2", "0", "60", "")
	want(app.Anonymous(), 429, "2", "0", "60", "30")
	clock.Advance(29500 * time.Millisecond)
	want(ada, 429, "2", "0", "31", "1")
	clock.Advance(500 * time.Millisecond)
	want(ada, 200, "2", "0", "60", "")
}

// limited allows each key n requests a minute.
func limited(t *testing.T, clock *httpxtest.Clock, n int) func(*httpx.Config) {
	t.Helper()
	limiter, err := ratelimit.NewMemory(n, time.Minute, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *httpx.Config) { c.Limiter = limiter }
}

// brokenLimiter cannot count.
type brokenLimiter struct{ err error }

func (l brokenLimiter) Allow(context.Context, string) (ratelimit.Decision, error) {
	return ratelimit.Decision{Allowed: true, Uncounted: true, Limit: 9, Remaining: 9}, l.err
}

// Whether a limiter that cannot count lets requests pass is for itself to say.
func TestRateLimiterThatFails(t *testing.T) {
	t.Parallel()
	down := &errs.Error{Kind: errs.Unavailable, Code: errs.CodeUnavailable, Message: "not now", RetryAfter: time.Second}
	app := httpxtest.New(t, newNotes().routes(), func(c *httpx.Config) { c.Limiter = brokenLimiter{down} })
	for _, client := range []httpxtest.Client{app.As("ada"), app.Anonymous()} {
		r := client.Do(t, "GET", base+"/notes", "")
		r.WantFailure(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		if got := r.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After is %q", got)
		}
	}
	app = httpxtest.New(t, newNotes().routes(), func(c *httpx.Config) { c.Limiter = brokenLimiter{nil} })
	r := app.As("ada").Do(t, "GET", base+"/notes", "").Want(t, http.StatusOK)
	if limit, left := r.Header.Get("RateLimit-Limit"), r.Header.Get("RateLimit-Remaining"); limit != "9" || left != "9" {
		t.Errorf("uncounted, a client is told of %s left of %s", left, limit)
	}
}

// Whoever tries tokens is stopped sooner than whoever has none, or one that was
// good; who has a good one is not stopped by either.
func TestFailedAuthenticationHasAStricterLimit(t *testing.T) {
	t.Parallel()
	clock := httpxtest.NewClock()
	strict, err := ratelimit.NewMemory(2, time.Minute, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	app := httpxtest.New(t, newNotes().routes(), limited(t, clock, 5), func(c *httpx.Config) {
		c.Failures, c.Users = strict, sometimesExpired{}
	})
	do := func(authorization string) httpxtest.Response {
		return app.Anonymous().Do(t, "GET", base+"/notes", "", "Authorization", authorization)
	}
	for range 2 {
		r := do("Basic guess")
		r.WantFailure(t, http.StatusUnauthorized, "UNAUTHENTICATED")
		if got := r.Header.Get("RateLimit-Limit"); got != "2" {
			t.Errorf("RateLimit-Limit is %s", got)
		}
	}
	if r := do("Basic guess"); r.Header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q", r.Header.Get("Retry-After"))
	} else {
		r.WantFailure(t, http.StatusTooManyRequests, "RATE_LIMITED")
	}
	for range 2 {
		do("").WantFailure(t, http.StatusUnauthorized, "UNAUTHENTICATED")
		do("Bearer expired").WantFailure(t, http.StatusUnauthorized, "TOKEN_EXPIRED")
	}
	do("Bearer erased").WantFailure(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	do("").WantFailure(t, http.StatusTooManyRequests, "RATE_LIMITED")
	do("Bearer ada").Want(t, http.StatusOK)
}

// sometimesExpired are Names, of which one has expired, and one is of somebody who is erased.
type sometimesExpired struct{ httpxtest.Names }

func (s sometimesExpired) Authenticate(ctx context.Context, authorization string) (uuid.UUID, error) {
	if authorization == "Bearer expired" {
		return uuid.Nil, &errs.Error{Kind: errs.Unauthenticated, Code: errs.CodeTokenExpired, Message: "it has expired"}
	}
	if authorization == "Bearer erased" {
		return uuid.Nil, fmt.Errorf("%w: %w", httpx.ErrGenuine, errs.New(errs.Unauthenticated, "a valid bearer token is required"))
	}
	return s.Names.Authenticate(ctx, authorization)
}

// keys notes who was counted, and lets all through.
type keys struct{ last string }

func (k *keys) Allow(_ context.Context, key string) (ratelimit.Decision, error) {
	k.last = key
	return ratelimit.Decision{Allowed: true}, nil
}

// In process, the peer of every request is 0.0.0.0.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	peer, internal := netip.MustParsePrefix("0.0.0.0/32"), netip.MustParsePrefix("10.0.0.0/8")
	internal6 := netip.MustParsePrefix("fd00::/8")
	trusted := []netip.Prefix{peer, internal, internal6}
	for name, c := range map[string]struct {
		trusted   []netip.Prefix
		forwarded []string
		want      string
	}{
		"nobody is trusted":                     {nil, []string{"203.0.113.7"}, "0.0.0.0"},
		"another is trusted":                    {[]netip.Prefix{internal}, []string{"203.0.113.7"}, "0.0.0.0"},
		"one hop":                               {trusted, []string{"203.0.113.7"}, "203.0.113.7"},
		"no header":                             {trusted, nil, "0.0.0.0"},
		"the client lies":                       {trusted, []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":                           {trusted, []string{"198.51.100.1, 203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		"the client lies, on a line of its own": {trusted, []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		"two proxies, two lines":                {trusted, []string{"203.0.113.7", "10.1.2.3"}, "203.0.113.7"},
		"the client claims a proxy":             {trusted, []string{"10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		"all are proxies":                       {trusted, []string{"10.1.2.3, 10.1.2.4"}, "10.1.2.3"},
		"IPv6":                                  {trusted, []string{"2001:db8::1, fd00::1"}, "2001:db8::/64"},
		"IPv6 in another spelling":              {trusted, []string{"2001:0DB8:0:0::1"}, "2001:db8::/64"},
		"IPv6 of the same network":              {trusted, []string{"2001:db8::ffff:1"}, "2001:db8::/64"},
		"IPv6 in brackets":                      {trusted, []string{"[2001:db8::1]"}, "2001:db8::/64"},
		"with a port":                           {trusted, []string{"203.0.113.7:4711, 10.1.2.3:80"}, "203.0.113.7"},
		"IPv6 with a port":                      {trusted, []string{"[2001:db8::1]:4711"}, "2001:db8::/64"},
		"IPv6 with a zone":                      {trusted, []string{"fe80::1%eth0"}, "fe80::/64"},
		"IPv4 in IPv6":                          {trusted, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"no blanks":                             {trusted, []string{"198.51.100.1,203.0.113.7"}, "203.0.113.7"},
		"not an address":                        {trusted, []string{"203.0.113.7, unknown"}, "0.0.0.0"},
		"not an address behind good":            {trusted, []string{"unknown, 10.1.2.3"}, "10.1.2.3"},
		"empty":                                 {trusted, []string{" , ,"}, "0.0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counted := &keys{}
			app := httpxtest.New(t, newNotes().routes(), func(config *httpx.Config) {
				config.TrustedProxies, config.Limiter = c.trusted, counted
			})
			var headers []string
			for _, line := range c.forwarded {
				headers = append(headers, "X-Forwarded-For", line)
			}
			app.Anonymous().Do(t, "GET", base+"/notes", "", headers...).Want(t, http.StatusUnauthorized)
			if want := "address " + c.want; counted.last != want {
				t.Errorf("counted as %q, want %q", counted.last, want)
			}
			app.As("ada").Do(t, "GET", base+"/notes", "", headers...).Want(t, http.StatusOK)
			if want := "user " + httpxtest.UserID("ada").String(); counted.last != want {
				t.Errorf("counted as %q, want %q", counted.last, want)
			}
		})
	}
}
