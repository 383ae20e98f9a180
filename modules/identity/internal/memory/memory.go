// Package memory remembers users in the memory of the process.
package memory

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"docket/modules/identity/internal/core"
)

// size bounds what is remembered: about 10 MB.
const size = 20_000

// Memory implements [core.Memory]: the users met last.
type Memory struct {
	users *lru.Cache[key, core.User]
}

type key struct{ issuer, subject string }

// New returns an empty Memory.
func New() (*Memory, error) {
	users, err := lru.New[key, core.User](size)
	if err != nil {
		return nil, fmt.Errorf("make the memory of users: %w", err)
	}
	return &Memory{users: users}, nil
}

// Recall implements [core.Memory].
func (m *Memory) Recall(issuer, subject string) (core.User, bool) {
	return m.users.Get(key{issuer, subject})
}

// Remember implements [core.Memory].
func (m *Memory) Remember(u core.User) {
	m.users.Add(key{u.Issuer, u.Subject}, u)
}
