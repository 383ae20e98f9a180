package schema

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
)

// Kind names what is dangerous about a change, in a word that an
// acknowledgement repeats.
type Kind string

// The kinds of danger. The first ones lock a table, or rewrite it, for as long
// as it has rows; the others break the release that still runs, or the next.
const (
	BuildIndex    Kind = "build-index"
	BrokenIndex   Kind = "broken-index"
	MakeNotNull   Kind = "make-not-null"
	ChangeType    Kind = "change-type"
	RewriteTable  Kind = "rewrite-table"
	ChangeKey     Kind = "change-key"
	CheckRows     Kind = "check-rows"
	RequireColumn Kind = "require-column"
	DropColumn    Kind = "drop-column"
	DropTable     Kind = "drop-table"
	LeaveRequired Kind = "leave-required"
)

// advice says how each kind is done without harm.
var advice = map[Kind]string{
	BuildIndex:    "build it first, under the same name and without a lock: task schema:index",
	BrokenIndex:   "task schema:index drops it and builds it again",
	MakeNotNull:   "add a check (column IS NOT NULL) NOT VALID by hand, validate it, then this change finds nothing to read",
	ChangeType:    "add a column of the new type, write both, fill it, read the new one, drop the old one",
	RewriteTable:  "add the column nullable and without this default, fill it in portions, then set the default",
	ChangeKey:     "build a unique index first (task schema:index), and make the key of it by hand: ADD CONSTRAINT ... USING INDEX",
	CheckRows:     "add the constraint by hand as NOT VALID, then ALTER TABLE ... VALIDATE CONSTRAINT, which locks nothing",
	RequireColumn: "make it nullable, or give it a default: the release that runs does not write it",
	DropColumn:    "ship a release that does not know it first; this one is still read",
	DropTable:     "ship a release that does not know it first; this one is still read",
	LeaveRequired: "make it nullable, or give it a default, in the release before: it stays, and new code does not write it",
}

// Danger is a change that locks or rewrites a table with rows in it, or that
// breaks a release which runs while it is made.
type Danger struct {
	Kind Kind
	// Object is what is changed: "tasks", "tasks.title", "tasks.tasks_by_due_idx".
	Object string
	// Why says what would happen.
	Why string
}

// String is the danger for a person, and what to do instead.
func (d Danger) String() string {
	return fmt.Sprintf("%s %s: %s\n    instead: %s", d.Kind, d.Object, d.Why, advice[d.Kind])
}

// Dangers says which databases and files [FindDangers] looks at.
type Dangers struct {
	// URL is that of the database to change, without a pooler.
	URL string
	// File is the schema to bring it to.
	File string
	// Previous is the schema of the release that runs meanwhile; "" for none.
	Previous string
	// Drops says that tables and columns which File does not declare are
	// dropped; else they stay.
	Drops bool
	// Populated takes every table for one with rows in it, as is wise where the
	// database is not the one that is to be changed in the end.
	Populated bool
}

// FindDangers returns what is dangerous about the changes that would bring a
// database to a file, in the order in which they would be made. It changes
// nothing.
func FindDangers(ctx context.Context, o Dangers) ([]Danger, error) {
	f := finder{Dangers: o}
	if o.Previous != "" {
		previous, err := read(o.Previous)
		if err != nil {
			return nil, fmt.Errorf("read the schema of the release that runs: %w", err)
		}
		f.previous = previous
	}
	err := within(ctx, o.URL, o.File, false, func(tx *sql.Tx, c comparison) error {
		broken, err := brokenIndexes(ctx, tx)
		if err != nil {
			return err
		}
		for _, i := range broken {
			f.add(BrokenIndex, i.table+"."+i.name, "its concurrent build was broken off: it is kept up and never used, and a unique one guards nothing")
		}
		for _, change := range c.changes {
			if err := f.look(ctx, tx, change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for dangerous changes to %s: %w", o.File, err)
	}
	return f.found, nil
}

type finder struct {
	Dangers
	previous *schema.Schema
	found    []Danger
}

func (f *finder) add(kind Kind, object, why string) {
	f.found = append(f.found, Danger{Kind: kind, Object: object, Why: why})
}

func (f *finder) look(ctx context.Context, tx *sql.Tx, change schema.Change) error {
	switch c := change.(type) {
	case *schema.DropTable:
		if f.Drops && f.isRead(c.T.Name, "") {
			f.add(DropTable, c.T.Name, "the release that runs reads it")
		}
	case *schema.ModifyTable:
		populated, err := f.populated(ctx, tx, c.T.Name)
		if err != nil {
			return err
		}
		for _, part := range c.Changes {
			f.part(c.T, part, populated)
		}
	}
	return nil
}

// populated reports whether there are rows in a table.
func (f *finder) populated(ctx context.Context, tx *sql.Tx, table string) (populated bool, err error) {
	if f.Populated {
		return true, nil
	}
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM "+pgx.Identifier{namespace, table}.Sanitize()+")").Scan(&populated)
	if err != nil {
		return false, fmt.Errorf("look whether %s has rows: %w", table, err)
	}
	return populated, nil
}

// isRead reports whether the release that runs knows a table, or a column of
// it.
func (f *finder) isRead(table, column string) bool {
	if f.previous == nil {
		return false
	}
	t, ok := f.previous.Table(table)
	if !ok || column == "" {
		return ok
	}
	_, ok = t.Column(column)
	return ok
}

// part looks at one change of a table.
func (f *finder) part(t *schema.Table, part schema.Change, populated bool) {
	switch c := part.(type) {
	case *schema.AddColumn:
		f.addedColumn(t, c.C, populated)
	case *schema.DropColumn:
		f.droppedColumn(t, c.C)
	}
	if !populated {
		return
	}
	switch c := part.(type) {
	case *schema.ModifyColumn:
		f.modifiedColumn(t, c)
	case *schema.AddIndex:
		f.add(BuildIndex, t.Name+"."+c.I.Name, "no row can be written until it is built")
	case *schema.ModifyIndex:
		if c.Change != schema.ChangeComment {
			f.add(BuildIndex, t.Name+"."+c.To.Name, "it is dropped and built again, and until then no row can be written; give the new one another name, and drop this one in a later release")
		}
	case *schema.AddPrimaryKey, *schema.DropPrimaryKey, *schema.ModifyPrimaryKey:
		f.add(ChangeKey, t.Name, "the table can neither be read nor written until the key's index is built")
	case *schema.AddForeignKey:
		f.add(CheckRows, t.Name+"."+c.F.Symbol, "no row of either table can be written until each has been looked at")
	case *schema.ModifyForeignKey:
		f.add(CheckRows, t.Name+"."+c.To.Symbol, "no row of either table can be written until each has been looked at")
	case *schema.AddCheck:
		f.add(CheckRows, t.Name+"."+c.C.Name, "the table can neither be read nor written until each row has been looked at")
	case *schema.ModifyCheck:
		f.add(CheckRows, t.Name+"."+c.To.Name, "the table can neither be read nor written until each row has been looked at")
	}
}

func (f *finder) addedColumn(t *schema.Table, c *schema.Column, populated bool) {
	object := t.Name + "." + c.Name
	if !c.Type.Null && c.Default == nil && !made(c) && (populated || f.isRead(t.Name, "")) {
		f.add(RequireColumn, object, "rows that there are have no value for it, and the release that runs gives none")
	}
	if populated && (made(c) || volatile(c.Default)) {
		f.add(RewriteTable, object, "each row is written anew with a value of its own, and until then the table can neither be read nor written")
	}
}

// droppedColumn is one that is not declared any more.
func (f *finder) droppedColumn(t *schema.Table, c *schema.Column) {
	object := t.Name + "." + c.Name
	switch {
	case f.Drops && f.isRead(t.Name, c.Name):
		f.add(DropColumn, object, "the release that runs reads it")
	case !f.Drops && !c.Type.Null && c.Default == nil && !made(c):
		f.add(LeaveRequired, object, "drops are skipped, so that it stays, and rows that have no value for it are refused")
	}
}

func (f *finder) modifiedColumn(t *schema.Table, c *schema.ModifyColumn) {
	object := t.Name + "." + c.To.Name
	if c.Change.Is(schema.ChangeType) || c.Change.Is(schema.ChangeCollate) {
		f.add(ChangeType, object, "the table is rewritten, or its indexes are, and until then it can neither be read nor written")
	}
	if c.Change.Is(schema.ChangeGenerated) {
		f.add(RewriteTable, object, "each row is written anew, and until then the table can neither be read nor written")
	}
	if c.Change.Is(schema.ChangeNull) && !c.To.Type.Null {
		f.add(MakeNotNull, object, "the table can neither be read nor written until each row has been looked at; a row without a value, which the release that runs may write, makes it fail")
	}
}

// made reports whether PostgreSQL itself makes a column's values.
func made(c *schema.Column) bool {
	for _, a := range c.Attrs {
		switch a.(type) {
		case *schema.GeneratedExpr, *postgres.Identity:
			return true
		}
	}
	_, serial := c.Type.Type.(*postgres.SerialType)
	return serial
}

// volatile reports whether a default differs from row to row, so that adding
// it writes each. PostgreSQL keeps any other in one place.
// https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
func volatile(def schema.Expr) bool {
	e, ok := def.(*schema.RawExpr)
	if !ok {
		return false
	}
	switch name, _, call := strings.Cut(strings.ToLower(strings.TrimLeft(e.X, "( ")), "("); name {
	case "now", "transaction_timestamp", "statement_timestamp":
		return false
	default:
		return call // whatever it is
	}
}
