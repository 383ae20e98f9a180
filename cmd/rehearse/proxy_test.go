package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// echo answers with what it is told, on a Unix socket.
func echo(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "docket-echo-")
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c) // until the other end is gone
				_ = c.Close()
			}()
		}
	}()
	return filepath.Join(dir, "s")
}

func TestProxy(t *testing.T) {
	t.Parallel()
	p, err := newProxy(t.Context(), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	dial := func() net.Conn {
		t.Helper()
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// says returns what comes back for a word within a moment.
	says := func(c net.Conn, wait time.Duration) (string, error) {
		t.Helper()
		if _, err := c.Write([]byte("word")); err != nil {
			return "", err
		}
		if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 10)
		n, err := c.Read(buf)
		return string(buf[:n]), err
	}
	const ever, moment = time.Minute, 100 * time.Millisecond
	flows := func(c net.Conn) {
		t.Helper()
		if got, err := says(c, ever); err != nil || got != "word" {
			t.Errorf("it does not flow: %q, %v", got, err)
		}
	}
	silent := func(c net.Conn) {
		t.Helper()
		if got, err := says(c, moment); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it is not silent: %q, %v", got, err)
		}
	}
	before := dial()
	flows(before)
	p.drop()
	during := dial()
	silent(before)
	silent(during)
	p.heal()
	silent(before) // for ever
	silent(during)
	after := dial()
	flows(after)

	p.slow(moment)
	began := time.Now()
	flows(after)
	if took := time.Since(began); took < 2*moment {
		t.Errorf("slow, it took %s", took)
	}
	p.heal()

	if n := p.halfClose(true); n != 1 {
		t.Errorf("%d connections were closed by half", n)
	}
	if got, err := says(after, ever); got != "" || !errors.Is(err, io.EOF) {
		t.Errorf("closed by half: %q, %v", got, err)
	}
	last := dial()
	flows(last)
	p.reset()
	if _, err := says(last, ever); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("reset: %v", err)
	}
	for _, c := range []net.Conn{before, during, after, last} {
		_ = c.Close() // some are broken
	}
}
