package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"docket/platform/config"
	"docket/platform/rowsecurity"
	"docket/platform/schema"
)

func newCheckCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say what the database lacks",
		Long: `Say what the database lacks, and how that is mended: tables, columns, indexes and
constraints of schema.hcl; row-level security, its policies, and the rights and
time limits of the role in DATABASE_URL. It changes nothing.

The exit code is 0 where nothing is missing and 1 otherwise. The schema is read
by way of DATABASE_URL_DIRECT. What it prints is for people on a terminal, and
one JSON document elsewhere.`,
		Example: `  docket db check
  docket db check | jq -r '.problems[].mend' | sort -u`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			return checkDatabase(c.Context(), cfg, c.OutOrStdout())
		},
	}
}

// lack is something that the database has not got, and the command that mends it.
type lack struct {
	Object  string `json:"object"`
	Problem string `json:"problem"`
	Mend    string `json:"mend"`
}

func checkDatabase(ctx context.Context, cfg config.Config, w io.Writer) error {
	direct, err := databaseURL(cfg, true)
	if err != nil {
		return err
	}
	lacks, err := checkSchema(ctx, cfg, direct)
	if err != nil {
		return err
	}
	of, err := checkWall(ctx, cfg, direct)
	if err != nil {
		return err
	}
	lacks = append(lacks, of...)
	if err := reportLacks(w, cfg, lacks); err != nil {
		return err
	}
	if len(lacks) > 0 {
		return fmt.Errorf("the database lacks %d things", len(lacks))
	}
	return nil
}

// checkSchema lists what would have to be done for the database to be as
// schema.hcl has it, and what PostgreSQL itself left unfinished.
func checkSchema(ctx context.Context, cfg config.Config, direct string) ([]lack, error) {
	statements, err := schema.LeftOfBuiltIn(ctx, direct)
	if err != nil {
		return nil, err
	}
	mend := fmt.Sprintf("platform/tools/schema apply --env %s", cfg.Environment)
	if cfg.PrivateDatabase() {
		mend = "docket serve"
	}
	var all []lack
	for _, s := range statements {
		all = append(all, lack{Object: "schema", Problem: "lacks: " + s, Mend: mend})
	}
	unfinished, err := schema.Unfinished(ctx, direct)
	if err != nil {
		return nil, err
	}
	for _, u := range unfinished {
		all = append(all, lack{Object: u.Kind + " " + u.Name, Problem: "is not valid", Mend: u.Mend})
	}
	return all, nil
}

func checkWall(ctx context.Context, cfg config.Config, direct string) ([]lack, error) {
	if !cfg.Database.RowSecurity {
		return nil, nil
	}
	service, err := cfg.Database.URL, error(nil)
	if cfg.PrivateDatabase() {
		service, err = rowsecurity.As(direct, rowsecurity.DefaultRole)
	}
	if err != nil {
		return nil, err
	}
	problems, err := rowsecurity.Inspect(ctx, service)
	if err != nil {
		return nil, fmt.Errorf("look at row-level security: %w", err)
	}
	limits, err := rowsecurity.InspectSettings(ctx, service)
	if err != nil {
		return nil, err
	}
	mend := "docket db secure"
	if cfg.PrivateDatabase() {
		mend = "docket serve"
	}
	var all []lack
	for _, p := range append(problems, limits...) {
		all = append(all, lack{Object: p.Object, Problem: p.Problem, Mend: mend})
	}
	return all, nil
}

func reportLacks(w io.Writer, cfg config.Config, all []lack) error {
	if !forPeople(w, cfg.Log.Format) {
		if all == nil {
			all = []lack{} // a list, not null
		}
		return json.NewEncoder(w).Encode(map[string]any{"ok": len(all) == 0, "row_security": cfg.Database.RowSecurity, "problems": all})
	}
	var failed error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		failed = errors.Join(failed, err)
	}
	if len(all) == 0 {
		say("nothing is missing")
	}
	for _, f := range all {
		say("%s %s\n    %s", f.Object, f.Problem, f.Mend)
	}
	if !cfg.Database.RowSecurity {
		say("row-level security is off, and was not looked at")
	}
	return failed
}
