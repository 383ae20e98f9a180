package main

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// world is a small run that went well: what a writer knows, and a database
// that agrees.
func world() (*ledger, state) {
	l := newLedger()
	l.add(&record{table: tags, id: "t1", mark: "w0-1"})
	parent := l.add(&record{table: tasks, id: "a", mark: "w0-2", status: "todo", tagIDs: []string{"t1"}})
	child := l.add(&record{table: tasks, id: "b", mark: "w0-3", status: "todo", parentID: "a"})
	parent.children = []*record{child}
	parent.description = "w0-4"
	parent.changed()
	gone := l.add(&record{table: tasks, id: "c", mark: "w0-5", status: "todo"})
	gone.gone = true
	gone.writes++
	l.keys = []string{"w0-1", "w0-2", "w0-3", "w0-4", "w0-5", "w0-6"}
	return l, state{
		rows: []row{
			{table: tags, id: "t1", mark: "w0-1", revision: 1},
			{table: tasks, id: "a", mark: "w0-2", description: "w0-4", status: "todo", tagIDs: []string{"t1"}, revision: 2},
			{table: tasks, id: "b", mark: "w0-3", status: "todo", parentID: "a", revision: 1},
		},
		keys: []string{"w0-6", "w0-5", "w0-4", "w0-3", "w0-2", "w0-1"},
	}
}

func TestAgreementIsReported(t *testing.T) {
	t.Parallel()
	l, found := world()
	want := report{acknowledged: 6, found: 6}
	if diff := cmp.Diff(want, compare([]*ledger{l}, found), cmp.AllowUnexported(report{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is planted into the database is found, and counted as what it is.
func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant func(*state)
		want  report
		says  string
	}{
		"a lost create":      {func(s *state) { s.rows = s.rows[1:] }, report{acknowledged: 6, found: 5, lost: 1}, "lost: tags w0-1 is not there"},
		"a lost task":        {func(s *state) { s.rows = slices.Delete(s.rows, 1, 2) }, report{acknowledged: 6, found: 4, lost: 2}, "lost: tasks w0-2"},
		"a lost change":      {func(s *state) { s.rows[1].revision = 1; s.rows[1].description = "" }, report{acknowledged: 6, found: 5, lost: 1}, "revision 1, not 2"},
		"an overwritten one": {func(s *state) { s.rows[1].description = "w0-3" }, report{acknowledged: 6, found: 5, lost: 1}, `says "w0-2" and "w0-3"`},
		"a lost deletion":    {func(s *state) { s.rows = append(s.rows, row{table: tasks, id: "c", mark: "w0-5"}) }, report{acknowledged: 6, found: 5, lost: 1}, "after its deletion"},
		"a doubled create":   {func(s *state) { s.rows = append(s.rows, row{table: tasks, id: "d", mark: "w0-3"}) }, report{acknowledged: 6, found: 6, doubled: 1}, "doubled: tasks w0-3 is there again as d"},
		"a doubled change":   {func(s *state) { s.rows[1].revision = 3 }, report{acknowledged: 6, found: 6, doubled: 1}, "revision 3, not 2"},
		"a doubled deleted":  {func(s *state) { s.rows = append(s.rows, row{table: tasks, id: "d", mark: "w0-5"}) }, report{acknowledged: 6, found: 6, doubled: 1}, "doubled: tasks w0-5"},
		"a task without tag": {func(s *state) { s.rows[1].tagIDs = nil }, report{acknowledged: 6, found: 5, halfDone: 1}, "half-done: tasks w0-2"},
		"half a subtree":     {func(s *state) { s.rows[2].status = "done" }, report{acknowledged: 6, found: 5, halfDone: 1}, "half-done: tasks w0-3 is done"},
		"a lost parent":      {func(s *state) { s.rows[2].parentID = "" }, report{acknowledged: 6, found: 5, halfDone: 1}, "half-done: tasks w0-3"},
		"a lost answer":      {func(s *state) { s.keys = s.keys[1:] }, report{acknowledged: 6, found: 6, halfDone: 1}, "the write w0-6 has left no answer"},
		"an unknown row":     {func(s *state) { s.rows = append(s.rows, row{table: tasks, id: "d", mark: "x"}) }, report{acknowledged: 6, found: 6, unexplained: 1}, "unexplained: tasks x"},
		"an unknown answer":  {func(s *state) { s.keys = append(s.keys, "x") }, report{acknowledged: 6, found: 6, unexplained: 1}, "an answer is kept under x"},
	} {
		l, found := world()
		c.plant(&found)
		got := compare([]*ledger{l}, found)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(report{}), cmpopts.IgnoreFields(report{}, "findings")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(got.findings) != 1 || !strings.Contains(got.findings[0], c.says) {
			t.Errorf("%s: the findings are %q, want one that says %q", name, got.findings, c.says)
		}
		o := outcome{report: got}
		var printed bytes.Buffer
		o.print(&printed)
		if o.good() || !strings.Contains(printed.String(), "BROKEN: 1 ") && !strings.Contains(printed.String(), "BROKEN: 2 ") || !strings.Contains(printed.String(), c.says) {
			t.Errorf("%s is not in what is printed:\n%s", name, printed.String())
		}
	}
}

func TestTagsWithoutATaskAreFound(t *testing.T) {
	t.Parallel()
	s := assemble(map[string][]fields{"task_tags": {{TaskID: "a", TagID: "t"}}})
	if got := compare(nil, s); got.unexplained != 1 {
		t.Errorf("%+v", got)
	}
}

// A run passes only where every promise was kept and something was tried.
func TestBrokenPromisesFailTheRun(t *testing.T) {
	t.Parallel()
	good := func() outcome {
		return outcome{
			plan: plan{outages: 1}, report: report{acknowledged: 1, found: 1},
			traffic: totals{byStatus: map[int]int{201: 1}, outageFailures: 1}, recoveries: []time.Duration{time.Second},
		}
	}
	if o := good(); !o.good() {
		t.Fatalf("broken: %q", o.broken())
	}
	for name, spoil := range map[string]func(*outcome){
		"lost":                 func(o *outcome) { o.report.lost = 1 },
		"doubled":              func(o *outcome) { o.report.doubled = 1 },
		"half-done":            func(o *outcome) { o.report.halfDone = 1 },
		"unexplained":          func(o *outcome) { o.report.unexplained = 1 },
		"contradiction":        func(o *outcome) { o.contradictions = []string{"x"} },
		"a 500":                func(o *outcome) { o.traffic.byStatus[500] = 1 },
		"a wrong refusal":      func(o *outcome) { o.traffic.outageWrong = 1 },
		"a slow recovery":      func(o *outcome) { o.recoveries = []time.Duration{maxRecovery + 1} },
		"nothing acknowledged": func(o *outcome) { o.report = report{} },
		"an outage unnoticed":  func(o *outcome) { o.traffic.outageFailures = 0 },
	} {
		o := good()
		o.traffic.byStatus = maps.Clone(o.traffic.byStatus)
		if spoil(&o); len(o.broken()) != 1 {
			t.Errorf("%s: broken is %q", name, o.broken())
		}
	}
}

func TestOutageAnswersAreJudged(t *testing.T) {
	t.Parallel()
	traffic := newTraffic(1)
	later := map[string][]string{"Retry-After": {"2"}}
	traffic.count(503, nil, nil) // not during an outage
	traffic.outage(true)
	traffic.count(201, nil, nil)
	traffic.count(503, later, nil)
	traffic.count(503, nil, nil)
	traffic.count(500, later, nil)
	traffic.count(0, nil, io.EOF)
	got := traffic.totals()
	if got.outageFailures != 4 || got.outageWrong != 3 || got.unanswered != 1 || got.byStatus[503] != 3 {
		t.Errorf("%+v", got)
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--kills", "-1"}, {"--writers", "0"}, {"--limit", "0s"}, {"--writes", "0"}, {"--nonsense"}, {"extra"}} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, io.Discard, &stderr); code != exitUsage || stderr.Len() == 0 {
			t.Errorf("%v: code %d, %q", args, code, stderr.String())
		}
	}
	if code := run(t.Context(), []string{"--help"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("--help: code %d", code)
	}
}
