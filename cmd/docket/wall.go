package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"docket/platform/config"
	"docket/platform/rowsecurity"
)

// checkRowSecurity refuses to serve real users where row-level security does not
// hold as it should, and says so elsewhere. That a table is missing is for others
// to say; what else is wrong counts all the same.
func checkRowSecurity(ctx context.Context, cfg config.Config, databaseURL string, log *slog.Logger) error {
	if !cfg.Database.RowSecurity {
		held, err := rowsecurity.Held(ctx, databaseURL)
		if err == nil && held {
			err = errors.New("database.row_security (DOCKET_DATABASE_ROW_SECURITY) is off, and yet it holds for the role of DATABASE_URL, which would find no rows; turn it on")
		}
		return err
	}
	problems, err := rowsecurity.Inspect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("look at row-level security: %w", err)
	}
	problems = slices.DeleteFunc(problems, func(p rowsecurity.Problem) bool { return p.Missing })
	if len(problems) == 0 {
		return nil
	}
	if !cfg.Environment.Deployed() {
		log.Warn("row-level security does not hold; docket db secure mends it", slog.String("because", summed(problems)))
		return nil
	}
	return fmt.Errorf("row-level security does not hold: %s; mend it with: docket db secure; "+
		"or do without it: database.row_security (DOCKET_DATABASE_ROW_SECURITY) off", summed(problems))
}

// maxListed is how many problems one line names.
const maxListed = 3

func summed(problems []rowsecurity.Problem) string {
	var all []string
	for i, p := range problems {
		if i == maxListed {
			all = append(all, fmt.Sprintf("and %d more (docket db check)", len(problems)-i))
			break
		}
		all = append(all, p.String())
	}
	return strings.Join(all, "; ")
}
