package postgres

import (
	"context"
	"errors"

	"docket/platform/errs"
)

// maxClaims bounds how often a name is claimed that others take and give up at
// the same time.
const maxClaims = 5

// Claim runs write, which gives rows names that no other of their owner's may
// have. Where that violates the constraint, what it did is undone, and Claim
// returns what taken makes of the row that has the name, at the same place of
// several ([errs.At]). It costs one more round trip, and that only where the
// name is taken. Where taken returns [ErrNotFound] the name was given up in
// between, and write runs again.
func (db *DB) Claim(ctx context.Context, constraint string, write func(ctx context.Context) error, taken func(ctx context.Context, index int) error) error {
	for range maxClaims {
		err := db.Attempt(ctx, write)
		if Violated(err) != constraint {
			return err
		}
		at, several := errors.AsType[*errs.At](err)
		if !several {
			at = &errs.At{}
		}
		switch err := taken(ctx, at.Index); {
		case errors.Is(err, ErrNotFound):
		case several:
			return &errs.At{Index: at.Index, Err: err}
		default:
			return err
		}
	}
	return errs.Contended("the name is being taken and given up by too many requests at once; try again")
}
