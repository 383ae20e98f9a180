package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a Redis on the loopback that keeps nothing on disk.
type redisServer struct {
	path, address, password, dir string
	cmd                          *exec.Cmd
}

// errNoRedis says that this machine has none.
var errNoRedis = errors.New("needs redis-server (Debian: redis-server)")

func startRedis(ctx context.Context, dir string) (*redisServer, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errNoRedis
	}
	const attempts = 5 // another program may be given the port in between
	for range attempts {
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			break
		}
		r := &redisServer{path: path, address: l.Addr().String(), password: "at-first", dir: dir}
		if err = l.Close(); err != nil {
			break
		}
		if err = r.start(ctx); err == nil {
			return r, nil
		}
	}
	return nil, fmt.Errorf("start Redis: %w", err)
}

func (r *redisServer) url() string { return "redis://:" + r.password + "@" + r.address }

// start starts it at its address, with nothing in it.
func (r *redisServer) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(r.address)
	if err != nil {
		return fmt.Errorf("read Redis's address: %w", err)
	}
	var says strings.Builder
	r.cmd = exec.CommandContext(context.WithoutCancel(ctx), r.path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.dir, "--requirepass", r.password)
	r.cmd.Stdout, r.cmd.Stderr = &says, &says
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	o, err := redis.ParseURL(r.url())
	if err != nil {
		return fmt.Errorf("read Redis's URL: %w", err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	for limit := time.Now().Add(progressPatience); ; {
		err := c.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		if time.Now().After(limit) || ctx.Err() != nil {
			r.kill()
			return fmt.Errorf("wait for redis-server: %w\n%s", err, says.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *redisServer) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill() // fails where it has ended by itself
	_ = r.cmd.Wait()         // says how it ended: killed
	r.cmd = nil
}
