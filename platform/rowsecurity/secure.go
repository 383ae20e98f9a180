package rowsecurity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lockKey is the advisory lock that two calls of [Secure] on one database
// compete for: the bytes of "docket" and a number.
const lockKey int64 = 0x646f636b65740002

// Options say whom a database is secured against.
type Options struct {
	// Role is the login role of the service; "" means [DefaultRole].
	Role string
	// Password, if not "", becomes the role's.
	Password string
}

// Secure brings the tables in the schema public to what they should be for the
// service's role, which it makes if there is none. databaseURL must be that of
// the role that owns the tables, past any pooler. All of it is one transaction.
//
// It returns what it mended, nothing when all was as it should be. The error
// says what a person has to do where it cannot.
func Secure(ctx context.Context, databaseURL string, o Options) ([]Problem, error) {
	if o.Role == "" {
		o.Role = DefaultRole
	}
	var mended []Problem
	err := connected(ctx, databaseURL, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			mended, err = secure(ctx, tx, o)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("secure the database: %w", err)
	}
	return mended, nil
}

func secure(ctx context.Context, tx pgx.Tx, o Options) ([]Problem, error) {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey); err != nil {
		return nil, fmt.Errorf("wait for the lock: %w", err)
	}
	if err := refuseSelf(ctx, tx, o.Role); err != nil {
		return nil, err
	}
	var mended []Problem
	for range 3 { // a role that was made can be given its rights after that
		problems, err := inspect(ctx, tx, o.Role)
		if err != nil {
			return nil, err
		}
		if len(problems) == 0 {
			return prepare(ctx, tx, o, mended)
		}
		for _, p := range problems {
			if err := mend(ctx, tx, p); err != nil {
				return nil, err
			}
		}
		if err := annotate(ctx, tx, o.Role); err != nil {
			return nil, err
		}
		mended = append(mended, problems...)
	}
	left, err := inspect(ctx, tx, o.Role)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("in spite of all: %s", list(left))
	}
	return prepare(ctx, tx, o, mended)
}

// refuseSelf keeps the role that owns the tables from being made the service's.
func refuseSelf(ctx context.Context, tx pgx.Tx, role string) error {
	var self string
	if err := tx.QueryRow(ctx, `SELECT current_user::text`).Scan(&self); err != nil {
		return fmt.Errorf("ask for the role: %w", err)
	}
	if self == role {
		return fmt.Errorf("this is done by the role that owns the tables, and for another; both are %s", role)
	}
	return nil
}

func mend(ctx context.Context, tx pgx.Tx, p Problem) error {
	if len(p.mend) == 0 {
		if p.Missing {
			return fmt.Errorf("%s: apply the schema first", p)
		}
		return errors.New(p.String())
	}
	for _, sql := range p.mend {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: run %q: %w", p, sql, err)
		}
	}
	return nil
}

// annotate notes beside each of our policies what was written and what
// PostgreSQL made of it.
func annotate(ctx context.Context, tx pgx.Tx, role string) error {
	there, err := tables(ctx, tx, role)
	if err != nil {
		return fmt.Errorf("read the policies: %w", err)
	}
	for _, want := range wanted(there) {
		i := slices.IndexFunc(there, func(f found) bool { return f.name == want.name })
		if i < 0 {
			continue
		}
		for _, sql := range there[i].notes(want) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("run %q: %w", sql, err)
			}
		}
	}
	return nil
}

// notes are the statements that note what is not noted yet.
func (f found) notes(want table) []string {
	var all []string
	for _, p := range want.policies {
		i := slices.IndexFunc(f.policies, func(have foundPolicy) bool { return have.name == p.name && have.note == "" })
		if i >= 0 {
			all = append(all, fmt.Sprintf("COMMENT ON POLICY %s ON %s IS '%s'",
				pgx.Identifier{p.name}.Sanitize(), pgx.Identifier{f.name}.Sanitize(), note(p, f.policies[i].printed)))
		}
	}
	return all
}

// prepare gives the role its time limits, which it adds to what was mended, and
// its password.
func prepare(ctx context.Context, tx pgx.Tx, o Options, mended []Problem) ([]Problem, error) {
	lacking, err := inspectSettings(ctx, tx, o.Role)
	if err != nil {
		return nil, err
	}
	for _, p := range lacking {
		if err := mend(ctx, tx, p); err != nil {
			return nil, err
		}
	}
	mended = append(mended, lacking...)
	if o.Password == "" {
		return mended, nil
	}
	// No parameter can stand here. The text is not repeated in an error.
	if _, err := tx.Exec(ctx, "SET LOCAL standard_conforming_strings = on; ALTER ROLE "+pgx.Identifier{o.Role}.Sanitize()+" PASSWORD "+literal(o.Password)); err != nil {
		return nil, fmt.Errorf("set the password of the role %s: %w", o.Role, err)
	}
	return mended, nil
}

// literal is text as SQL has it, where standard_conforming_strings is on.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func list(problems []Problem) string {
	all := make([]string, len(problems))
	for i, p := range problems {
		all[i] = p.String()
	}
	return strings.Join(all, "; ")
}
