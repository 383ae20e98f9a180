package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgerrcode"
)

// ErrNoSchema says that a database has none of our tables.
var ErrNoSchema = errors.New("the database does not have Docket's tables")

// ServiceKey returns the secret of this name that all replicas share: the one
// that stands in the database, or fresh, where none does yet.
func (db *DB) ServiceKey(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	const get = `SELECT key FROM service_keys WHERE name = $1`
	const add = `INSERT INTO service_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	dest := func(key *[]byte) []any { return []any{key} }

	key, err := GetUnowned(ctx, db, Door{}, dest, get, name)
	if errors.Is(err, ErrNotFound) {
		if _, err := ExecUnowned(ctx, db, Door{}, add, name, fresh); err != nil {
			return nil, fmt.Errorf("keep the service key %s: %w", name, err)
		}
		key, err = GetUnowned(ctx, db, Door{}, dest, get, name)
	}
	if sqlState(err) == pgerrcode.UndefinedTable {
		return nil, fmt.Errorf("%w: %w", ErrNoSchema, err)
	}
	if err != nil {
		return nil, fmt.Errorf("get the service key %s: %w", name, err)
	}
	return key, nil
}
