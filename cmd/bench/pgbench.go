package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"docket/platform/statement"
)

// pgbench runs the statements of an operation without any HTTP: what PostgreSQL
// itself can do.
// https://www.postgresql.org/docs/current/pgbench.html
type pgbench struct {
	ground *ground
	files  map[statement.Operation]string
}

// The settings of a script: a task, a mark, and an id that was never used.
const (
	setTask  = "\\set user random(1, %d)\n\\set task (:user - 1) * 65536 + random(0, %d)\n"
	setMark  = "\\set mark random(1000000, 9999999)\n"
	setFresh = "\\set count :count + 1\n\\set fresh :base + :count * 256 + :client_id\n"
)

func newPgbench(g *ground, script statement.Script) (*pgbench, error) {
	p := &pgbench{ground: g, files: map[statement.Operation]string{}}
	for op, statements := range script {
		p.files[op] = filepath.Join(g.folder, fmt.Sprintf("%s-%s.sql", g.name, op))
		if err := os.WriteFile(p.files[op], []byte(pgbenchScript(op, statements, g.users)), 0o600); err != nil {
			return nil, fmt.Errorf("write a script for pgbench: %w", err)
		}
	}
	return p, nil
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// pgbenchScript is what pgbench runs as one transaction. It is one for all
// users: a statement of each user's own would be planned for each anew.
func pgbenchScript(op statement.Operation, statements []statement.Statement, users []statement.Who) string {
	var b strings.Builder
	fmt.Fprintf(&b, setTask, len(users), reach(op)-1)
	b.WriteString(setMark)
	if op == statement.Create {
		b.WriteString(setFresh)
	}
	owners := make([]string, len(users))
	for i, who := range users {
		owners[i] = who.Owner
	}
	owner := "('{" + strings.Join(owners, ",") + "}'::uuid[])[:user::int]"
	for i, s := range statements {
		b.WriteString(placeholder.ReplaceAllStringFunc(s.SQL, func(name string) string {
			n, _ := strconv.Atoi(name[1:]) // digits, as the expression says
			return expression(op, s.Params[n-1], owner)
		}))
		if i < len(statements)-1 {
			b.WriteString(" \\gset read_\n") // what the next one may need
		} else {
			b.WriteString(";\n")
		}
	}
	return b.String()
}

// expression is the SQL for a value.
func expression(op statement.Operation, p statement.Param, owner string) string {
	switch {
	case p.Role == statement.Owner:
		return owner
	case p.Role == statement.ID:
		number := ":task"
		if op == statement.Create {
			number = ":fresh"
		}
		return "('" + idPrefix + "' || lpad(to_hex(" + number + "::bigint), 12, '0'))::uuid"
	case p.Role == statement.Revision:
		return "(:read_revision::bigint + 1)"
	case p.Role == statement.Now:
		return "now()"
	case p.Text == nil:
		return "NULL"
	case p.Role == statement.Marked:
		before, after, _ := strings.Cut(*p.Text, statement.Mark)
		return "(" + literal(before) + " || :mark::text || " + literal(strings.ReplaceAll(after, statement.Mark, "8340031")) + ")"
	default:
		return literal(*p.Text)
	}
}

// literal is a string in SQL in which pgbench finds none of its variables: they
// begin with a colon.
func literal(text string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''", ":", `\x3a`, "\n", `\n`, "\r", `\r`).Replace(text) + "'"
}

// run implements [system].
func (p *pgbench) run(ctx context.Context, op statement.Operation, connections int, d time.Duration) (sample, error) {
	args := []string{
		"--no-vacuum", "--protocol=prepared", "--jobs=2", "--client=" + strconv.Itoa(connections),
		"--time=" + strconv.Itoa(max(1, int(d.Seconds()))), "-D", "count=0", "-D", fmt.Sprintf("base=%d", time.Now().UnixMilli()*64),
	}
	before, err := busyWithin(p.ground.pid)
	if err != nil {
		return sample{}, err
	}
	c := exec.CommandContext(ctx, "pgbench", append(args, "-f", p.files[op], p.ground.url)...)
	c.Env = environment()
	var complaints bytes.Buffer
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil {
		return sample{}, fmt.Errorf("pgbench, %s: %w\n%s", op, err, tail(complaints.Bytes()))
	}
	after, err := busyWithin(p.ground.pid)
	if err != nil {
		return sample{}, err
	}
	return readPgbench(out, after-before)
}

var (
	pgbenchDone    = regexp.MustCompile(`transactions actually processed: (\d+)`)
	pgbenchFailed  = regexp.MustCompile(`failed transactions: (\d+)`)
	pgbenchPerSec  = regexp.MustCompile(`tps = ([0-9.]+)`)
	pgbenchLatency = regexp.MustCompile(`latency average = ([0-9.]+) ms`)
)

// readPgbench reads what pgbench prints at its end.
func readPgbench(out []byte, cpu time.Duration) (sample, error) {
	number := func(e *regexp.Regexp) float64 {
		if found := e.FindSubmatch(out); found != nil {
			n, _ := strconv.ParseFloat(string(found[1]), 64) // digits, as the expression says
			return n
		}
		return 0
	}
	done := number(pgbenchDone)
	if done == 0 || number(pgbenchFailed) > 0 {
		return sample{}, fmt.Errorf("pgbench did not do what it should\n%s", tail(out))
	}
	return sample{
		requests: int(done), perSecond: number(pgbenchPerSec), postgres: time.Duration(float64(cpu) / done),
		p50: time.Duration(number(pgbenchLatency) * float64(time.Millisecond)), // the mean: it keeps no more
	}, nil
}

// tail is the end of what a program printed.
func tail(out []byte) []byte { return out[max(0, len(out)-1500):] }
