package redistest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy stands between a client and a server, and can stall.
type Proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	resumed chan struct{} // closed while bytes flow
	conns   []net.Conn
	closed  bool
	flows   sync.WaitGroup
}

// NewProxy starts a proxy in front of the address target, which ends with the
// test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("redistest: %v", err)
	}
	p := &Proxy{listener: l, target: target, resumed: make(chan struct{})}
	close(p.resumed)
	p.flows.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is how a client connects.
func (p *Proxy) URL() string { return "redis://" + p.listener.Addr().String() }

// Stall keeps all bytes back until [Proxy.Resume], and closes nothing.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resumed = make(chan struct{})
}

// Resume lets bytes flow again.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.resumed:
	default:
		close(p.resumed)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.target) //nolint:noctx // to the loopback, for as long as the test
		if err != nil {
			_ = client.Close() // as a client of the server itself would see it
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.flows.Go(func() { p.flow(server, client) })
		p.flows.Go(func() { p.flow(client, server) })
	}
}

// keep remembers what is to be closed at the end.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	if p.closed {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	return !p.closed
}

// flow copies until either side is closed, which it tells the other.
func (p *Proxy) flow(to, from net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		resumed := p.resumed
		p.mu.Unlock()
		<-resumed
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil {
			_ = to.Close() // by the other direction, perhaps
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}

func (p *Proxy) close() {
	p.Resume()
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for _, c := range p.conns {
		_ = c.Close() // one that broke off is closed already
	}
	p.mu.Unlock()
	p.flows.Wait()
}
