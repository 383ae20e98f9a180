package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"

	"docket/configs"
	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/pgtest"
)

// Docket's own clock jumps an hour ahead and two behind, while it runs. Tokens
// are judged by the clock that there is; nothing else is noticed, nothing is
// lost, and with the right time again all is as before.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	var off atomic.Int64
	s := servingBy(t, func() time.Time { return time.Now().Add(time.Duration(off.Load())) })
	now := time.Now()
	bearer := func(issued, expires time.Duration) client {
		t.Helper()
		return s.bearing(t, devissuer.Claims{
			Subject: devissuer.SubjectFor(adaAddress), Email: adaAddress, Name: "ada", IssuedAt: now.Add(issued), ExpiresAt: now.Add(expires),
		})
	}
	short, long := bearer(0, 15*time.Minute), bearer(-3*time.Hour, 3*time.Hour)
	made := one(t, short.keyed(t, "first", "POST", "/tasks", `{"title":"made at the right time"}`), http.StatusCreated)

	for _, jump := range []struct {
		off  time.Duration
		code string
	}{{time.Hour, "TOKEN_EXPIRED"}, {-time.Hour, "UNAUTHENTICATED"}, {0, ""}} {
		off.Store(int64(jump.off))
		if jump.code == "" {
			short.do(t, "GET", "/tasks/"+made.ID, "").Want(t, http.StatusOK)
		} else {
			short.do(t, "GET", "/tasks/"+made.ID, "").WantFailure(t, http.StatusUnauthorized, jump.code)
		}
		one(t, long.do(t, "PATCH", "/tasks/"+made.ID, `{"description":"`+jump.off.String()+`"}`), http.StatusOK)
		one(t, long.do(t, "POST", "/tasks", `{"title":"made `+jump.off.String()+` off"}`), http.StatusCreated)
		// Sent again, it is not done again.
		if again := one(t, long.keyed(t, "first", "POST", "/tasks", `{"title":"made at the right time"}`), http.StatusCreated); again.ID != made.ID {
			t.Errorf("%s off, the write was done twice", jump.off)
		}
	}
	if all, _ := many(t, long.do(t, "GET", "/tasks", "")); len(all) != 4 {
		t.Errorf("there are %d tasks, want 4: %+v", len(all), all)
	}
}

// servingBy is [serving] by another clock.
func servingBy(t *testing.T, now func() time.Time) *instance {
	t.Helper()
	settings := throughPooler(t, []string{"DATABASE_URL=" + pgtest.URL(t), "DOCKET_DATA_DIR=" + t.TempDir()})
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: append([]string{"DOCKET_HTTP_ADDRESS=127.0.0.1:0", "DOCKET_ADMIN_ADDRESS=127.0.0.1:0"}, settings...)})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.Open(cfg.DataDir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stderr := newOutput()
	var api *listener
	app := newApp(graph{
		cfg: cfg, log: slog.New(slog.NewJSONHandler(stderr, nil)), level: new(slog.LevelVar), databaseURL: cfg.Database.URL, issuer: issuer,
	}, fx.Populate(&api), fx.Decorate(func(func() time.Time) func() time.Time { return now }))
	if err := start(t.Context(), app); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := app.Stop(ctx); err != nil {
			t.Errorf("%v\n%s", err, stderr)
		}
		if strings.Contains(stderr.String(), `"level":"ERROR"`) {
			t.Errorf("the log has errors:\n%s", stderr)
		}
	})
	return &instance{issuer: issuer, greeting: greeting{API: "http://" + api.address() + "/api/v1"}}
}
