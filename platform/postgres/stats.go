package postgres

import "time"

// PoolStats are the present state of a pool, and counts since it was made.
type PoolStats struct {
	// Acquired, Idle and Connecting connections are Max at most.
	Acquired, Idle, Connecting, Max int32
	// Acquires are the connections that were taken; Waits those of them that
	// had to be waited for, Waited in all; GivenUp the waits whose context
	// ended first.
	Acquires, Waits, GivenUp int64
	Waited                   time.Duration
	// Connects are the connections that were opened.
	Connects int64
}

// PoolStats returns what the pool does at this moment.
func (db *DB) PoolStats() PoolStats {
	s := db.pool.Stat()
	return PoolStats{
		Acquired: s.AcquiredConns(), Idle: s.IdleConns(), Connecting: s.ConstructingConns(), Max: s.MaxConns(),
		Acquires: s.AcquireCount(), Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(), GivenUp: s.CanceledAcquireCount(),
		Connects: s.NewConnsCount(),
	}
}
