package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"docket/platform/statement"
)

//go:embed load.lua
var loadScript []byte

// web is a server that is measured, under load from another process.
type web struct {
	ground  *ground
	process *process
	// keyed creates carry an Idempotency-Key.
	keyed bool
}

// files are what wrk reads.
func (g *ground) files() (script, users string, err error) {
	script, users = filepath.Join(g.folder, "load.lua"), filepath.Join(g.folder, g.name+"-users")
	if err := os.WriteFile(script, loadScript, 0o600); err != nil {
		return "", "", fmt.Errorf("write the script of wrk: %w", err)
	}
	var b strings.Builder
	for u, who := range g.users {
		fmt.Fprintf(&b, "%s %d\n", who.Token, u)
	}
	if err := os.WriteFile(users, []byte(b.String()), 0o600); err != nil {
		return "", "", fmt.Errorf("write the users for wrk: %w", err)
	}
	return script, users, nil
}

// run implements [system]: as many requests as a number of connections can have
// answered, each the next once it has the last. https://github.com/wg/wrk
func (w *web) run(ctx context.Context, op statement.Operation, connections int, d time.Duration) (sample, error) {
	script, users, err := w.ground.files()
	if err != nil {
		return sample{}, err
	}
	keyed := "plain"
	if w.keyed {
		keyed = "keyed"
	}
	host := strings.TrimSuffix(w.process.api, "/api/v1")
	c := exec.CommandContext(ctx, "wrk", "--threads", strconv.Itoa(min(2, connections)), "--connections", strconv.Itoa(connections),
		"--duration", strconv.Itoa(max(1, int(d.Seconds()))), "--timeout", "10", "--script", script, host, "--", string(op), keyed, users, strconv.Itoa(reach(op)))
	out, server, postgres, err := w.watch(c)
	if err != nil {
		return sample{}, fmt.Errorf("wrk, %s: %w\n%s", op, err, tail(out))
	}
	_, line, found := bytes.Cut(out, []byte("\nRESULT "))
	var result struct{ Requests, Micros, P50, P99, Failed int }
	if err := json.Unmarshal(line, &result); !found || err != nil || result.Requests == 0 || result.Failed > 0 {
		return sample{}, fmt.Errorf("wrk, %s: not every request was answered well\n%s\n%s", op, tail(out), w.process.lastWords())
	}
	n := float64(result.Requests)
	return sample{
		requests: result.Requests, perSecond: n / (float64(result.Micros) / 1e6),
		p50: time.Duration(result.P50) * time.Microsecond, p99: time.Duration(result.P99) * time.Microsecond,
		server: time.Duration(float64(server) / n), postgres: time.Duration(float64(postgres) / n),
	}, nil
}

// watch runs a load generator and says how much processor time the server and
// PostgreSQL used meanwhile.
func (w *web) watch(c *exec.Cmd) (out []byte, server, postgres time.Duration, err error) {
	pid := w.process.cmd.Process.Pid
	serverBefore, err := busy(pid)
	if err != nil {
		return nil, 0, 0, err
	}
	postgresBefore, err := busyWithin(w.ground.pid)
	if err != nil {
		return nil, 0, 0, err
	}
	if out, err = c.CombinedOutput(); err != nil {
		return out, 0, 0, err
	}
	if server, err = busy(pid); err != nil {
		return nil, 0, 0, err
	}
	if postgres, err = busyWithin(w.ground.pid); err != nil {
		return nil, 0, 0, err
	}
	return out, server - serverBefore, postgres - postgresBefore, nil
}

// atRate sends requests at a fixed rate, whether or not those before were
// answered, and measures from when each was due (cmd/bench/paced).
func (w *web) atRate(ctx context.Context, op statement.Operation, perSecond int, d time.Duration) (sample, error) {
	load := exec.CommandContext(ctx, w.ground.paced, strconv.Itoa(perSecond), strconv.Itoa(inFlight))
	load.Stdin = bytes.NewReader(w.targets(op, int(float64(perSecond)*d.Seconds())))
	out, server, postgres, err := w.watch(load)
	if err != nil {
		return sample{}, fmt.Errorf("load at a fixed rate, %s: %w\n%s", op, err, tail(out))
	}
	var result struct {
		Requests, Failed int
		PerSecond        float64
		P50, P99         int64
		CPU              float64
		Failure          string
	}
	if err := json.Unmarshal(out, &result); err != nil || result.Requests == 0 || result.Failed > 0 {
		return sample{}, fmt.Errorf("load at a fixed rate, %s: not every request was answered well: %s\n%s\n%s", op, result.Failure, tail(out), w.process.lastWords())
	}
	each := float64(result.Requests)
	return sample{
		requests: result.Requests, perSecond: result.PerSecond,
		p50: time.Duration(result.P50) * time.Microsecond, p99: time.Duration(result.P99) * time.Microsecond,
		server: time.Duration(float64(server) / each), postgres: time.Duration(float64(postgres) / each),
		generator: time.Duration(result.CPU * float64(time.Microsecond)),
	}, nil
}

// inFlight is how many requests can be in flight at a fixed rate: what is due
// beyond that waits, and is counted as waiting.
const inFlight = 64

// targets are n requests of an operation, a line each.
func (w *web) targets(op statement.Operation, n int) []byte {
	var b bytes.Buffer
	for range n {
		u := rand.IntN(len(w.ground.users))
		title := fmt.Sprintf(`"title":"Paint the fence %d"`, 1_000_000+rand.IntN(9_000_000))
		task := "/tasks/" + taskID(u, rand.IntN(reach(op)))
		method, path, body := http.MethodGet, task, ""
		switch op {
		case statement.List:
			path = "/tasks"
		case statement.Create:
			method, path = http.MethodPost, "/tasks"
			body = "{" + title + `,"description":"Two coats, and the gate as well.","priority":"high","due_at":"2027-05-01T09:30:00Z"}`
		case statement.Update:
			method, body = http.MethodPatch, "{"+title+"}"
		default:
		}
		fmt.Fprintf(&b, `{"method":%q,"url":%q,"body":%q,"header":{"Authorization":["Bearer %s"],"Content-Type":["application/json"]}}`+"\n",
			method, w.process.api+path, base64.StdEncoding.EncodeToString([]byte(body)), w.ground.users[u].Token)
	}
	return b.Bytes()
}
