// Package running builds the real docket program and runs it as a process, for
// commands that watch it from outside.
package running

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Bounds of single steps.
const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
)

// Build builds docket into folder and returns its path.
func Build(ctx context.Context, folder string) (string, error) { return BuildFrom(ctx, "", folder) }

// BuildFrom is [Build] from the sources in another folder; "" is the working one.
func BuildFrom(ctx context.Context, source, folder string) (string, error) {
	binary := filepath.Join(folder, "docket")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	// A checkout that belongs to somebody else cannot be stamped.
	c := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, "docket/cmd/docket")
	c.Dir = source
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build docket: %w\n%s", err, out)
	}
	return binary, nil
}

// Environment is this process's without what Docket, libpq and OpenTelemetry
// read, and with settings, each NAME=value.
func Environment(settings ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		for _, prefix := range []string{"DOCKET_", "DATABASE_URL", "PG", "OTEL_"} {
			if strings.HasPrefix(pair, prefix) {
				return true
			}
		}
		return false
	})
	return append(kept, settings...)
}

// Server is a running "docket serve".
type Server struct {
	// API, Admin and Ready are where it listens, each a URL.
	API, Admin, Ready string

	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// Launch starts "docket serve" with settings and no others, adds what it logs
// to logFile, and returns once it has said where its API is.
func Launch(ctx context.Context, binary, logFile string, settings []string) (_ *Server, err error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	s := &Server{cmd: exec.CommandContext(context.WithoutCancel(ctx), binary, "serve"), log: logFile, ended: make(chan struct{})}
	s.cmd.Env = Environment(settings...)
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read from the server: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	greeting := make(chan string, 1)
	go func() {
		defer close(s.ended)
		line, _ := bufio.NewReader(out).ReadString('\n') // none where it fails
		greeting <- line
		_ = s.cmd.Wait() // ProcessState has the outcome
	}()
	select {
	case line := <-greeting:
		var g struct {
			API   string `json:"api"`
			Admin string `json:"admin"`
			Ready string `json:"readyz"`
		}
		if err := json.Unmarshal([]byte(line), &g); err != nil || g.API == "" {
			return nil, errors.Join(fmt.Errorf("the server did not come up: %q\n%s", line, s.LastWords()), s.Kill())
		}
		s.API, s.Admin, s.Ready = g.API, g.Admin, g.Ready
		return s, nil
	case <-time.After(startPatience):
		return nil, errors.Join(fmt.Errorf("the server is not up after %s\n%s", startPatience, s.LastWords()), s.Kill())
	}
}

// PID is the process's id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the server as kill -9 does, if it still runs.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the server: %w", err)
	}
	<-s.ended
	return nil
}

// Stop asks the server to end with SIGTERM, and fails unless it does so well.
func (s *Server) Stop(ctx context.Context) error {
	if runtime.GOOS == "windows" {
		return s.Kill() // no process can be asked there
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the server is gone before its time: %w\n%s", err, s.LastWords())
	}
	select {
	case <-s.ended:
	case <-time.After(stopPatience):
		return fmt.Errorf("the server does not stop\n%s", s.LastWords())
	case <-ctx.Done():
		return ctx.Err()
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with %d\n%s", code, s.LastWords())
	}
	return nil
}

// Running reports whether the server never ended.
func (s *Server) Running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// LastWords is the end of the server's log.
func (s *Server) LastWords() string { return LastLines(s.log, 10) }

// LastLines are the last n lines of a file, or why there are none.
func LastLines(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-n):], []byte("\n")))
}
