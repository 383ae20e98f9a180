package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"docket/platform/telemetry"
)

func TestNewLoggerFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format   telemetry.Format
		wantJSON bool
	}{
		{telemetry.Auto, true}, // a buffer is no terminal
		{telemetry.JSON, true},
		{telemetry.Text, false},
		{"", true},
		{"unheard-of", true},
	}
	for _, tt := range tests {
		t.Run(string(tt.format), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: tt.format})
			log.Info("started", slog.Int("port", 8080))
			if got := json.Valid(out.Bytes()); got != tt.wantJSON {
				t.Errorf("JSON = %v, want %v: %s", got, tt.wantJSON, out.String())
			}
			if !strings.Contains(out.String(), "started") || !strings.HasSuffix(out.String(), "\n") {
				t.Errorf("not a line with the message: %q", out.String())
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Errorf("colour where there is no terminal: %q", out.String())
			}
		})
	}
}

// A file has a descriptor and is still no terminal.
func TestNewLoggerFile(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	log, _ := telemetry.NewLogger(file, telemetry.LogOptions{Format: telemetry.Auto})
	log.Info("started")
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Errorf("auto to a file is not JSON: %q", data)
	}
}

func TestNewLoggerLevel(t *testing.T) {
	t.Parallel()
	for _, format := range []telemetry.Format{telemetry.JSON, telemetry.Text} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log, level := telemetry.NewLogger(&out, telemetry.LogOptions{Format: format, Level: slog.LevelWarn})
			log.Info("first")
			level.Set(slog.LevelDebug)
			log.Debug("second")
			if got := out.String(); strings.Contains(got, "first") || !strings.Contains(got, "second") {
				t.Errorf("the level is not that of the variable: %q", got)
			}
		})
	}
}

func TestNoColor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		environ []string
		want    bool
	}{
		{"unset", []string{"TERM=xterm-256color"}, false},
		{"set", []string{"NO_COLOR=1"}, true},
		{"set to anything", []string{"NO_COLOR=0"}, true},
		{"set but empty", []string{"NO_COLOR="}, false},
		{"dumb terminal", []string{"TERM=dumb"}, true},
		{"none", nil, false},
	}
	for _, tt := range tests {
		if got := telemetry.NoColor(tt.environ); got != tt.want {
			t.Errorf("%s: NoColor = %v, want %v", tt.name, got, tt.want)
		}
	}
}

type credentials struct {
	User     string
	Password string
}

func secret(key string) slog.Attr { return slog.String(key, "s3cret") }

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.StringValue("postgres://u:s3cret@h/d") }

type nilStringer struct{ text string }

func (n *nilStringer) String() string { return n.text }

// Every way in which a secret reaches a logger, in both formats: it must not
// come out, and what stands beside it must.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	withPassword, err := url.Parse("postgres://u:s3cret@kept/d")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		log  func(*slog.Logger)
		kept string
	}{
		{"by key", func(l *slog.Logger) { l.Info("kept", "token", "s3cret") }, "kept"},
		{"by header name", func(l *slog.Logger) { l.Info("kept", secret("Proxy-Authorization")) }, "kept"},
		{"by end of key", func(l *slog.Logger) { l.Info("kept", "smtp_password", "s3cret") }, "kept"},
		{"by camel case key", func(l *slog.Logger) { l.Info("kept", secret("databaseURL")) }, "kept"},
		{"any type by key", func(l *slog.Logger) { l.Info("kept", "cookie", []string{"s3cret"}) }, "kept"},
		{"inside a secret group", func(l *slog.Logger) { l.Info("kept", slog.Group("credentials", "who", "s3cret")) }, "kept"},
		{"in a secret WithGroup", func(l *slog.Logger) { l.WithGroup("authorization").Info("m", "who", "s3cret") }, "m"},
		{"With", func(l *slog.Logger) { l.With("dsn", "postgres://u:s3cret@kept/d").Info("m") }, "kept"},
		{"URL text", func(l *slog.Logger) { l.Info("m", "dsn", "postgres://u:s3cret@kept/d") }, "kept"},
		{"URL in the message", func(l *slog.Logger) { l.Info("dial postgres://u:s3cret@kept/d") }, "kept"},
		{"URL value", func(l *slog.Logger) { l.Info("m", "dsn", withPassword) }, "kept"},
		{"struct with a URL", func(l *slog.Logger) { l.Info("m", "dsn", struct{ URL *url.URL }{withPassword}) }, ""},
		{"error", func(l *slog.Logger) {
			l.Info("m", "err", fmt.Errorf("dial: %w", errors.New("postgres://u:s3cret@kept/d refused")))
		}, "refused"},
		{"LogValuer", func(l *slog.Logger) { l.Info("kept", "dsn", valuer{}) }, "kept"},
		{"struct member by name", func(l *slog.Logger) { l.Info("m", "who", credentials{"kept", "s3cret"}) }, "kept"},
		{"pointer to struct", func(l *slog.Logger) { l.Info("m", "who", &credentials{"kept", "s3cret"}) }, "kept"},
		{"header", func(l *slog.Logger) {
			l.Info("m", "headers", http.Header{"Authorization": {"s3cret"}, "Accept": {"kept"}})
		}, "kept"},
		{"slice", func(l *slog.Logger) { l.Info("m", "urls", []string{"kept", "redis://:s3cret@h"}) }, "kept"},
		{"bytes", func(l *slog.Logger) { l.Info("m", "body", []byte("kept password=s3cret")) }, "kept"},
		{"cannot be JSON", func(l *slog.Logger) {
			l.Info("m", "v", struct {
				C   chan int
				URL string
			}{nil, "redis://:s3cret@h"})
		}, "cannot be marshalled"},
		{"hidden from JSON", func(l *slog.Logger) {
			l.Info("m", "v", struct {
				Name     string
				Password string `json:"-"`
				inner    string
			}{"kept", "s3cret", "s3cret"})
		}, "kept"},
		{"nil behind a Stringer", func(l *slog.Logger) { l.Info("kept", "v", (*nilStringer)(nil)) }, "kept"},
	}
	for _, tt := range tests {
		for _, format := range []telemetry.Format{telemetry.JSON, telemetry.Text} {
			t.Run(tt.name+"/"+string(format), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: format})
				tt.log(log)
				if got := out.String(); strings.Contains(got, "s3cret") || !strings.Contains(got, tt.kept) {
					t.Errorf("want %q kept and the secret masked: %s", tt.kept, got)
				}
			})
		}
	}
}

func TestRedactLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: telemetry.JSON})
	log.Info("m", "n", 7, "ok", true, "list", []int{1, 2000000}, "user", struct{ Name string }{"Ada"}, "none", nil,
		"idempotency_key", "abc", "tokens_verified", 3)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "m", "n": 7.0, "ok": true, "list": []any{1.0, 2e6},
		"user": map[string]any{"Name": "Ada"}, "none": nil, "idempotency_key": "abc", "tokens_verified": 3.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestFxLogger(t *testing.T) {
	t.Parallel()
	run := func(level slog.Level, option fx.Option) string {
		var out bytes.Buffer
		log, _ := telemetry.NewLogger(&out, telemetry.LogOptions{Format: telemetry.JSON, Level: level})
		app := fx.New(fx.WithLogger(func() fxevent.Logger { return telemetry.FxLogger(log) }), option)
		_ = app.Err() // what is tested is that the log tells it
		return out.String()
	}
	failing := fx.Invoke(func() error { return errors.New("dial postgres://u:s3cret@db/d") })

	if got := run(slog.LevelInfo, fx.Supply(1)); got != "" {
		t.Errorf("chatter at info: %s", got)
	}
	if got := run(slog.LevelDebug, fx.Supply(1)); !strings.Contains(got, `"level":"DEBUG"`) || !strings.Contains(got, `"component":"fx"`) {
		t.Errorf("no chatter at debug: %s", got)
	}
	if got := run(slog.LevelInfo, failing); got != "" {
		t.Errorf("a failure is told twice, here and by whoever starts the program: %s", got)
	}
	if got := run(slog.LevelDebug, failing); !strings.Contains(got, "dial postgres://u:***@db/d") {
		t.Errorf("a failed start is not told with its cause masked: %s", got)
	}
}
