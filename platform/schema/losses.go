package schema

import (
	"context"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// How the library writes what throws data away.
var (
	dropsTable  = regexp.MustCompile(`^DROP TABLE (?:"[^"]+"\.)?"([^"]+)"`)
	altersTable = regexp.MustCompile(`^ALTER TABLE (?:"[^"]+"\.)?"([^"]+)"`)
	dropsColumn = regexp.MustCompile(`DROP COLUMN "([^"]+)"`)
)

// Losses returns which tables and columns the statements of a [Plan] would drop
// although there is something in them, each as people name it: "notes",
// "tasks.description".
func Losses(ctx context.Context, databaseURL string, statements []string) ([]string, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	var lost []string
	look := func(name, query string) error {
		var found bool
		if err := conn.QueryRow(ctx, query).Scan(&found); err != nil {
			return fmt.Errorf("look what is in %s: %w", name, err)
		}
		if found {
			lost = append(lost, name)
		}
		return nil
	}
	for _, s := range statements {
		if m := dropsTable.FindStringSubmatch(s); m != nil {
			if err := look(m[1], fmt.Sprintf("SELECT EXISTS (SELECT FROM %s)", pgx.Identifier{m[1]}.Sanitize())); err != nil {
				return nil, err
			}
		}
		table := altersTable.FindStringSubmatch(s)
		if table == nil {
			continue
		}
		for _, column := range dropsColumn.FindAllStringSubmatch(s, -1) {
			err := look(table[1]+"."+column[1], fmt.Sprintf("SELECT EXISTS (SELECT FROM %s WHERE %s IS NOT NULL)",
				pgx.Identifier{table[1]}.Sanitize(), pgx.Identifier{column[1]}.Sanitize()))
			if err != nil {
				return nil, err
			}
		}
	}
	return lost, nil
}
