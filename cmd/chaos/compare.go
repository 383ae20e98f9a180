package main

import (
	"fmt"
	"slices"
)

// maxFindings is how many single findings are listed.
const maxFindings = 20

// report is how the database compares with what was acknowledged, in writes.
type report struct {
	// acknowledged writes are either found, lost, or half-done; what was
	// doubled comes on top.
	acknowledged, found, lost, doubled, halfDone int
	// unexplained rows and keys stand for no acknowledged write.
	unexplained int
	findings    []string
}

func (r *report) find(format string, args ...any) {
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}

func sorted(ids []string) []string {
	s := slices.Clone(ids)
	slices.Sort(s)
	return s
}

// state is all that a database holds of the writers'.
type state struct {
	rows []row
	keys []string // those that were kept, of all users
}

// compare holds the database to what the writers know.
func compare(books []*ledger, found state) report {
	var r report
	rows := map[string]row{}
	for _, f := range found.rows {
		rows[f.table+" "+f.id] = f
	}
	marks := map[string]*record{}
	for _, book := range books {
		for _, want := range book.records {
			marks[want.mark] = want
			got, there := rows[want.table+" "+want.id]
			delete(rows, want.table+" "+want.id)
			r.hold(want, got, there)
		}
	}
	for _, extra := range rows {
		if twin := marks[extra.mark]; twin != nil {
			r.doubled++
			r.find("doubled: %s %s is there again as %s", extra.table, extra.mark, extra.id)
			continue
		}
		r.unexplained++
		r.find("unexplained: %s %s (%s)", extra.table, extra.mark, extra.id)
	}
	r.holdKeys(books, found.keys)
	slices.Sort(r.findings)
	return r
}

// hold holds one row to what is known of it.
func (r *report) hold(want *record, got row, there bool) {
	r.acknowledged += want.writes
	name := want.table + " " + want.mark
	switch {
	case want.gone && there:
		r.lost++
		r.found += want.writes - 1
		r.find("lost: %s is there after its deletion", name)
	case want.gone:
		r.found += want.writes
	case !there:
		r.lost += want.writes
		r.find("lost: %s is not there", name)
	case got.revision < want.revision:
		missing := min(want.revision-got.revision, want.writes)
		r.lost += missing
		r.found += want.writes - missing
		r.find("lost: %s is at revision %d, not %d", name, got.revision, want.revision)
	case got.revision > want.revision:
		r.found += want.writes
		r.doubled += got.revision - want.revision
		r.find("doubled: %s is at revision %d, not %d", name, got.revision, want.revision)
	case got.mark != want.mark || got.description != want.description:
		r.lost++
		r.found += want.writes - 1
		r.find("lost: %s says %q and %q, not %q and %q", name, got.mark, got.description, want.mark, want.description)
	case got.status != want.status || got.parentID != want.parentID || !slices.Equal(sorted(got.tagIDs), sorted(want.tagIDs)):
		r.halfDone++
		r.found += want.writes - 1
		r.find("half-done: %s is %s below %q with the tags %v, not %s below %q with %v",
			name, got.status, got.parentID, got.tagIDs, want.status, want.parentID, want.tagIDs)
	default:
		r.found += want.writes
	}
}

// holdKeys finds acknowledged writes whose answer was not kept, which a retry
// would double, and kept answers that nobody has got.
func (r *report) holdKeys(books []*ledger, kept []string) {
	unclaimed := map[string]bool{}
	for _, key := range kept {
		unclaimed[key] = true
	}
	for _, book := range books {
		for _, key := range book.keys {
			if !unclaimed[key] {
				r.halfDone++
				r.find("half-done: the write %s has left no answer to replay", key)
			}
			delete(unclaimed, key)
		}
	}
	for key := range unclaimed {
		r.unexplained++
		r.find("unexplained: an answer is kept under %s", key)
	}
}
