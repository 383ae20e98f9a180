// Package memory remembers users in the memory of the process.
package memory

import (
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"docket/modules/identity/internal/core"
)

// size bounds what is remembered: about 10 MB.
const size = 20_000

// Memory implements [core.Memory]: the users met last.
type Memory struct {
	mu    sync.Mutex
	users *lru.Cache[key, entry]
}

type key struct{ issuer, subject string }

// entry is a user as found at an instant, or one that is to be forgotten.
type entry struct {
	user   core.User
	at     time.Time
	erased bool
}

// New returns an empty Memory.
func New() (*Memory, error) {
	users, err := lru.New[key, entry](size)
	if err != nil {
		return nil, fmt.Errorf("make the memory of users: %w", err)
	}
	return &Memory{users: users}, nil
}

// Recall implements [core.Memory].
func (m *Memory) Recall(issuer, subject string, since time.Time) (core.User, bool) {
	e, ok := m.users.Get(key{issuer, subject})
	if !ok || e.erased || !e.at.After(since) {
		return core.User{}, false
	}
	return e.user, true
}

// Remember implements [core.Memory]. Who was looked up before somebody else
// erased them is not remembered after.
func (m *Memory) Remember(u core.User, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key{u.Issuer, u.Subject}
	if e, ok := m.users.Peek(k); ok && e.erased && e.user.ID == u.ID {
		return
	}
	m.users.Add(k, entry{user: u, at: at})
}

// Forget implements [core.Memory].
func (m *Memory) Forget(u core.User, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users.Add(key{u.Issuer, u.Subject}, entry{user: u, at: at, erased: true})
}
