// Package redistest gives a test a Redis server of its own, and something that
// stalls between the two.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience bounds what can hang; nothing here is expected to take long.
const patience = time.Minute

// Server is a Redis server on the loopback that keeps nothing on disk.
type Server struct {
	path, address, dir string
	process            *exec.Cmd
}

// Start starts a server, which ends with the test. Where there is no
// redis-server in PATH the test is skipped; with CI=true it fails.
func Start(t testing.TB) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("redistest: %v", err)
		}
		t.Skipf("redistest: no redis-server in PATH (Debian: apt-get install redis-server): %v", err)
	}
	s := &Server{path: path, dir: t.TempDir()}
	t.Cleanup(s.Kill)
	const attempts = 5 // another program may be given the port in between
	for range attempts {
		if s.address, err = freeAddress(t.Context()); err != nil {
			break
		}
		if err = s.start(t.Context()); err == nil {
			return s
		}
	}
	t.Fatalf("redistest: %v", err)
	return nil
}

// URL is how a client connects.
func (s *Server) URL() string { return "redis://" + s.address }

// Address is host:port.
func (s *Server) Address() string { return s.address }

// Kill ends the server as a crash would.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it fails where the server has ended by itself,
	_ = s.process.Wait()         // and this says how it ended: killed
	s.process = nil
}

// Restart starts a killed server on the same address, with nothing in it.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(t.Context()); err != nil {
		t.Fatalf("redistest: %v", err)
	}
}

func (s *Server) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return fmt.Errorf("read the server's address: %w", err)
	}
	var output strings.Builder
	s.process = exec.CommandContext(context.WithoutCancel(ctx), s.path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
	s.process.Stdout, s.process.Stderr = &output, &output
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.address})
	err = await(ctx, client)
	if err := errors.Join(err, client.Close()); err != nil {
		s.Kill()
		return fmt.Errorf("wait for redis-server on %s: %w\n%s", s.address, err, output.String())
	}
	return nil
}

func await(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := client.Ping(ctx).Err()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
