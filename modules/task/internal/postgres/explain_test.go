package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docket/platform/pgtest"
	pg "docket/platform/postgres"
	"docket/platform/rowsecurity"
	"docket/platform/schema"
)

// planned is a database that writes down the plan of each statement it runs,
// as it was run: with what the pool prepared, and with what it read.
type planned struct {
	db  *pg.DB
	log string
}

// plan is a node of a plan, as EXPLAIN (FORMAT JSON) prints it.
type plan struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Hit      int    `json:"Shared Hit Blocks"`
	Read     int    `json:"Shared Read Blocks"`
	Plans    []plan `json:"Plans"`
}

// explainSettings make a role's sessions write down every plan.
var explainSettings = map[string]string{
	"session_preload_libraries":     "auto_explain",
	"auto_explain.log_min_duration": "0",
	"auto_explain.log_analyze":      "on",
	"auto_explain.log_buffers":      "on",
	"auto_explain.log_timing":       "off",
	"auto_explain.log_format":       "json",
	"auto_explain.log_level":        "log",
}

// explaining opens the database at a superuser's URL in such a way, as a service
// does, with row-level security in front of it; log is the server's.
func explaining(t *testing.T, url, log string) planned {
	t.Helper()
	at, err := rowsecurity.SecureOwn(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := pg.Open(t.Context(), pg.Config{URL: url, MinConns: 1, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	alter := func(ctx context.Context, change string) error {
		_, err := pg.ExecUnowned(ctx, owner, pg.Door{}, "ALTER ROLE "+rowsecurity.DefaultRole+" "+change)
		return err
	}
	for name, value := range explainSettings {
		if err := alter(t.Context(), "SET "+name+" = '"+value+"'"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := alter(context.WithoutCancel(t.Context()), "RESET "+name); err != nil {
				t.Error(err)
			}
		})
	}
	db, err := pg.Open(t.Context(), pg.Config{URL: at, MinConns: 1, MaxConns: 1, RowSecurity: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return planned{db: db, log: log}
}

// crowded opens a database with the repository's schema and a crowd in it.
func crowded(t *testing.T) planned {
	t.Helper()
	const database = "crowd"
	server := pgtest.Server(t)
	if err := server.EnsureDatabase(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	file, err := schema.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	url := server.URL(database)
	apply := func() {
		if _, err := schema.Apply(t.Context(), url, file); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	loadCrowd(t, url)
	apply()
	return explaining(t, url, filepath.Join(server.Dir(), "postgres.log"))
}

// plans returns the plans of what do runs, in order.
func (p planned) plans(t *testing.T, do func()) []plan {
	t.Helper()
	log, err := os.Open(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	do()
	written, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	var found []plan
	for i, entry := range strings.Split(string(written), " ms  plan:\n") {
		if i == 0 {
			continue
		}
		// Lines of an entry but the first begin with a tab.
		var text strings.Builder
		for line := range strings.Lines(entry) {
			if !strings.HasPrefix(line, "\t") {
				break
			}
			text.WriteString(line)
		}
		var logged struct{ Plan plan }
		if err := json.Unmarshal([]byte(text.String()), &logged); err != nil {
			t.Fatalf("%v in %s", err, text.String())
		}
		found = append(found, logged.Plan)
	}
	return found
}

// buffers is how many blocks the plan read, wherever from.
func (p plan) buffers() int { return p.Hit + p.Read }

// scans lists which tables the plan reads from end to end.
func (p plan) scans() []string {
	var tables []string
	if p.Type == "Seq Scan" {
		tables = append(tables, p.Relation)
	}
	for _, below := range p.Plans {
		tables = append(tables, below.scans()...)
	}
	return tables
}

// String lists the plan's nodes and what they read, for a failure's message.
func (p plan) String() string {
	text := fmt.Sprintf("%s %d", p.Type, p.buffers())
	if p.Index != "" {
		text += " " + p.Index
	} else if p.Relation != "" {
		text += " " + p.Relation
	}
	for _, below := range p.Plans {
		text += " (" + below.String() + ")"
	}
	return text
}
