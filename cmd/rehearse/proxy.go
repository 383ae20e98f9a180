package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// proxy is the network between the server and its database: a TCP port that
// leads to a Unix socket. It is our own, for Toxiproxy leads to TCP alone.
type proxy struct {
	listener net.Listener
	target   string // a Unix socket
	done     sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	delay time.Duration
	links map[*link]bool
}

// link is one connection through the proxy.
type link struct {
	client *net.TCPConn
	server *net.UnixConn
	// lost is a link that a cut has taken bytes from: nothing gets through any
	// more, and neither end hears of the other's.
	lost bool
}

func newProxy(ctx context.Context, target string) (*proxy, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen in front of the database: %w", err)
	}
	p := &proxy{listener: l, target: target, links: map[*link]bool{}}
	p.done.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// slow has each piece of data take d longer, in either direction.
func (p *proxy) slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// drop loses all data from now on, and has new connections meet silence.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for l := range p.links {
		l.lost = true
	}
}

// heal lets new connections through. Those that were cut are closed towards
// the database, and stay silent towards the server, as behind a router that
// has forgotten them.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.delay = false, 0
	for l := range p.links {
		if l.lost && l.server != nil {
			_ = l.server.Close() // ends its reading, too
		}
	}
}

// halfClose ends one direction of every connection: towards the server, or
// towards the database. It returns how many there were.
func (p *proxy) halfClose(towardsServer bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if l.server == nil || l.lost {
			continue
		}
		n++
		if towardsServer {
			_ = l.client.CloseWrite() // fails where it is closed, which is as good
		} else {
			_ = l.server.CloseWrite() // the same
		}
	}
	return n
}

// reset breaks every connection off with an RST, and returns how many.
func (p *proxy) reset() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		_ = l.client.SetLinger(0) // so that closing resets
		p.end(l)
	}
	return len(p.links)
}

func (p *proxy) end(l *link) {
	_ = l.client.Close() // fails where it is closed already
	if l.server != nil {
		_ = l.server.Close() // the same
	}
}

func (p *proxy) close() {
	_ = p.listener.Close() // ends accept
	p.mu.Lock()
	for l := range p.links {
		p.end(l)
	}
	p.mu.Unlock()
	p.done.Wait()
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		client, ok := c.(*net.TCPConn)
		if !ok {
			panic("rehearse: a TCP listener accepted something else")
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client *net.TCPConn) {
	l := &link{client: client}
	p.mu.Lock()
	l.lost = p.cut
	p.links[l] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.end(l)
		delete(p.links, l)
	}()
	if l.lost {
		_, _ = io.Copy(io.Discard, client) // until the client gives up
		return
	}
	server, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: p.target, Net: "unix"})
	if err != nil {
		return // as if the server itself refused
	}
	p.mu.Lock()
	l.server = server
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.copy(l, server, client) })
	both.Go(func() { p.copy(l, client, server) })
	both.Wait()
}

// halfCloser is a connection whose directions end one by one.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// copy carries data until its source ends, and tells the destination so.
func (p *proxy) copy(l *link, to, from halfCloser) {
	buf := make([]byte, 1<<15)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		lost, delay := l.lost, p.delay
		p.mu.Unlock()
		if delay > 0 {
			time.Sleep(delay)
		}
		if !lost && n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				err = errors.Join(err, failed)
			}
		}
		if err != nil {
			if !lost {
				_ = to.CloseWrite() // fails where it is closed already
			}
			return
		}
	}
}
