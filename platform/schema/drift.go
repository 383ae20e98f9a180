package schema

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/schema"
)

// Drift returns the statements that would undo what somebody has done to a
// database by hand: changes that neither file, that of the release which runs
// and that of the one to come, knows about. What both have ceased to declare is
// no drift but left over, as drops are skipped; unless drops is true. A database
// without tables is to be set up, and has not drifted.
func Drift(ctx context.Context, databaseURL, previous, next string, drops bool) ([]string, error) {
	empty := false
	err := within(ctx, databaseURL, next, false, func(_ *sql.Tx, c comparison) error {
		empty = len(c.current.Tables) == 0
		return nil
	})
	if err != nil || empty {
		return nil, err
	}
	back, err := statementsTo(ctx, databaseURL, previous, drops)
	if err != nil {
		return nil, fmt.Errorf("compare the database with the release that runs: %w", err)
	}
	forth, err := statementsTo(ctx, databaseURL, next, drops)
	if err != nil {
		return nil, fmt.Errorf("compare the database with %s: %w", next, err)
	}
	return slices.DeleteFunc(back, func(s string) bool { return !slices.Contains(forth, s) }), nil
}

// Left returns the statements that would bring a database to the file, without
// those that drop tables and columns unless drops is true. It sees what the
// Atlas command line passes over, such as a check that was changed under its
// name.
func Left(ctx context.Context, databaseURL, hclPath string, drops bool) ([]string, error) {
	statements, err := statementsTo(ctx, databaseURL, hclPath, drops)
	if err != nil {
		return nil, fmt.Errorf("compare the database with %s: %w", hclPath, err)
	}
	return statements, nil
}

// LeftOfBuiltIn is [Left] for the schema that the program was built with, and
// without drops. It needs no file.
func LeftOfBuiltIn(ctx context.Context, databaseURL string) ([]string, error) {
	desired, err := parse(BuiltIn(), File)
	if err == nil {
		var statements []string
		if statements, err = statementsFor(ctx, databaseURL, desired, false); err == nil {
			return statements, nil
		}
	}
	return nil, fmt.Errorf("compare the database with the schema of this program: %w", err)
}

// statementsTo returns a statement for each single change.
func statementsTo(ctx context.Context, databaseURL, hclPath string, drops bool) ([]string, error) {
	desired, err := read(hclPath)
	if err != nil {
		return nil, err
	}
	return statementsFor(ctx, databaseURL, desired, drops)
}

func statementsFor(ctx context.Context, databaseURL string, desired *schema.Schema, drops bool) (statements []string, err error) {
	err = against(ctx, databaseURL, desired, false, func(_ *sql.Tx, c comparison) error {
		for _, change := range c.changes {
			for _, single := range singles(change, drops) {
				plan, err := c.driver.PlanChanges(ctx, "docket", []schema.Change{single})
				if err != nil {
					return fmt.Errorf("plan the changes: %w", err)
				}
				statements = append(statements, texts(plan.Changes)...)
			}
		}
		return nil
	})
	return statements, err
}

// singles takes the change of a table apart.
func singles(change schema.Change, drops bool) []schema.Change {
	switch c := change.(type) {
	case *schema.DropTable:
		if !drops {
			return nil
		}
	case *schema.ModifyTable:
		var parts []schema.Change
		for _, part := range c.Changes {
			if _, drop := part.(*schema.DropColumn); !drop || drops {
				parts = append(parts, &schema.ModifyTable{T: c.T, Changes: []schema.Change{part}})
			}
		}
		return parts
	}
	return []schema.Change{change}
}
