package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"
)

const adminIndex = `Docket's admin listener. It is for operators: keep it off the public network.

GET  /metrics             for Prometheus
GET  /log/level           the least level that is logged
PUT  /log/level           change it: debug, info, warn or error as the body
GET  /debug/pprof/        profiles: go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10
`

// maxLevelBytes bounds the body that names a level.
const maxLevelBytes = 64

// AdminHandler serves what operators need to see and to change in a running
// process: metrics, profiles (package net/http/pprof) and the level of the log.
// Whoever reaches it reads memory and slows the process down, so that it never
// belongs on the listener of the API.
func AdminHandler(m *Metrics, log *slog.Logger, level *slog.LevelVar) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /log/level", func(w http.ResponseWriter, _ *http.Request) { plain(w, levelName(level.Level())+"\n") })
	mux.HandleFunc("PUT /log/level", func(w http.ResponseWriter, r *http.Request) { putLevel(w, r, log, level) })
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { plain(w, adminIndex) })
	// A page in an operator's browser can reach what listens on loopback: it is
	// kept from changing anything.
	return http.NewCrossOriginProtection().Handler(mux)
}

// plain answers in text. Where the client is gone there is nobody to tell.
func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

func putLevel(w http.ResponseWriter, r *http.Request, log *slog.Logger, level *slog.LevelVar) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLevelBytes))
	if err != nil {
		http.Error(w, "the body is the name of a level, and nothing else", http.StatusBadRequest)
		return
	}
	wanted, err := parseLevel(string(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	SetLevel(r.Context(), log, level, wanted)
	plain(w, levelName(wanted)+"\n")
}

var levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

func parseLevel(text string) (slog.Level, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, l := range levels {
		if levelName(l) == text {
			return l, nil
		}
	}
	return 0, fmt.Errorf("%q is no level; there are debug, info, warn and error", text)
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

// SetLevel changes the least level that is logged, and says so in the log
// whichever of the two levels is the less talkative.
func SetLevel(ctx context.Context, log *slog.Logger, level *slog.LevelVar, wanted slog.Level) {
	before := level.Level()
	log.LogAttrs(ctx, max(before, wanted, slog.LevelInfo), "log level changed",
		slog.String("from", levelName(before)), slog.String("to", levelName(wanted)))
	level.Set(wanted)
}

// ToggleDebug changes the level to debug, or back to configured where it is
// debug already; to info where that is what was configured.
func ToggleDebug(ctx context.Context, log *slog.Logger, level *slog.LevelVar, configured slog.Level) {
	wanted := slog.LevelDebug
	if level.Level() == slog.LevelDebug {
		wanted = configured
		if configured == slog.LevelDebug {
			wanted = slog.LevelInfo
		}
	}
	SetLevel(ctx, log, level, wanted)
}
