package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"docket/platform/statement"
)

func TestPgbenchScript(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	statements := []statement.Statement{
		{SQL: "SELECT revision FROM t WHERE user_id = $1 AND id = $2", Params: []statement.Param{{Text: text("o"), Role: statement.Owner}, {Text: text("i"), Role: statement.ID}}},
		{SQL: "UPDATE t SET revision = $1, title = $2, at = $3, words = $4, gone = $5 WHERE id = $10", Params: []statement.Param{
			{Text: text("2"), Role: statement.Revision}, {Text: text("Paint 7340031!"), Role: statement.Marked}, {Text: text("2026"), Role: statement.Now},
			{Text: text("it's 'a:b' \\ :task")}, {}, {}, {}, {}, {}, {Text: text("i"), Role: statement.ID},
		}},
	}
	got := pgbenchScript(statement.Update, statements, []statement.Who{{Owner: "u1"}, {Owner: "u2"}})
	id := "('" + idPrefix + "' || lpad(to_hex(:task::bigint), 12, '0'))::uuid"
	want := strings.Join([]string{
		`\set user random(1, 2)`,
		`\set task (:user - 1) * 65536 + random(0, 63)`,
		`\set mark random(1000000, 9999999)`,
		"SELECT revision FROM t WHERE user_id = ('{u1,u2}'::uuid[])[:user::int] AND id = " + id + ` \gset read_`,
		`UPDATE t SET revision = (:read_revision::bigint + 1), title = (E'Paint ' || :mark::text || E'!'), at = now(), ` +
			`words = E'it''s ''a\x3ab'' \\ \x3atask', gone = NULL WHERE id = ` + id + ";",
		"",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the script (-want +got):\n%s", diff)
	}
}

func TestReadPgbench(t *testing.T) {
	t.Parallel()
	const out = "number of transactions actually processed: 400\nnumber of failed transactions: 0 (0.000%)\nlatency average = 1.500 ms\ntps = 199.5 (without initial connection time)\n"
	got, err := readPgbench([]byte(out), 40*time.Millisecond)
	want := sample{requests: 400, perSecond: 199.5, p50: 1500 * time.Microsecond, postgres: 100 * time.Microsecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", strings.Replace(out, "400", "0", 1), strings.Replace(out, "transactions: 0", "transactions: 3", 1)} {
		if s, err := readPgbench([]byte(bad), 0); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	rates := func(all ...float64) (samples []sample) {
		for _, r := range all {
			samples = append(samples, sample{perSecond: r})
		}
		return samples
	}
	for name, tt := range map[string]struct {
		of, to []sample
		want   ratio
	}{
		"turn by turn":   {rates(10, 30, 40), rates(10, 10, 80), ratio{1, .5, 3}},
		"an even number": {rates(10, 30), rates(10, 10), ratio{2, 1, 3}},
		"nothing":        {rates(10), nil, ratio{}},
		"to nothing":     {rates(10), rates(0), ratio{}},
	} {
		if got := compare(tt.of, tt.to, rate); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
	if got := middle(rates(5, 1, 3)).perSecond; got != 3 {
		t.Errorf("the middle of 5, 1 and 3 is %v", got)
	}
}

func TestVerdictsOfGoals(t *testing.T) {
	t.Parallel()
	f := found{plan: plan{only: []statement.Operation{statement.Get}, brief: true}, turns: map[statement.Operation]map[string][]sample{
		statement.Get: {
			bare:     {{perSecond: 100, server: 100}},
			docket:   {{perSecond: 90, server: 121}},
			unwalled: {{perSecond: 90, server: 100}},
		},
	}}
	var b strings.Builder
	f.printGoals(&b)
	for _, want := range []string{
		"requests a second to bare | ≥ 0.85 | 0.90 (0.90–0.90) | reached |",
		"row-level security off | ≥ 0.95 | 0.90 (0.90–0.90) | missed |",
		"CPU to bare | ≤ 1.20 | 1.21 (1.21–1.21) | missed |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}

func TestReadPlan(t *testing.T) {
	t.Parallel()
	quick, err := readPlan([]string{"--quick", "--rounds", "5", "--only", "create, get one"}, io.Discard)
	if err != nil || quick.rounds != 5 || quick.each != time.Second || quick.limit != 2*time.Minute ||
		!cmp.Equal(quick.only, []statement.Operation{statement.Create, statement.Get}) {
		t.Errorf("got %+v, %v", quick, err)
	}
	for _, bad := range []string{"--only=delete", "--rounds=0", "--each=10ms", "--tasks=3", "--tasks=0", "more"} {
		if p, err := readPlan([]string{bad}, io.Discard); err == nil {
			t.Errorf("%s: %+v", bad, p)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	v := values{owner: "o", id: "i", revision: 7}
	now := time.Now().UTC()
	for want, given := range map[statement.Role]struct {
		oid  uint32
		text string
	}{
		statement.Owner:    {2950, "o"},
		statement.ID:       {2950, "i"},
		statement.Revision: {23, "7"},
		statement.Now:      {1184, now.Format("2006-01-02 15:04:05.999999Z07:00:00")},
		statement.Marked:   {25, "fence " + statement.Mark},
		statement.Constant: {25, "7"},
	} {
		if got := v.role(given.oid, given.text); got != want {
			t.Errorf("%q is %q, want %q", given.text, got, want)
		}
	}
	if got := v.role(1184, now.Add(-time.Hour).Format("2006-01-02 15:04:05.999999Z07:00:00")); got != statement.Constant {
		t.Errorf("an hour ago is %q", got)
	}
}
