package main

import "slices"

// The two sorts of resources that are written, by the names of their tables.
const (
	tasks = "tasks"
	tags  = "tags"
)

// record is how a resource must be, going by what was acknowledged.
type record struct {
	table, id string
	// mark is its title or name, which never changes and which no other has.
	mark        string
	description string
	status      string
	tagIDs      []string // in order
	parentID    string
	revision    int
	gone        bool
	// writes is how many acknowledged writes made it what it is.
	writes int

	children []*record
}

// row is how a resource is.
type row struct {
	table, id, mark, description, status string
	tagIDs                               []string
	parentID                             string
	revision                             int
}

// ledger is what one writer knows.
type ledger struct {
	records map[string]*record
	keys    []string
	// contradictions are answers that no write executed once can have.
	contradictions []string
}

func newLedger() *ledger { return &ledger{records: map[string]*record{}} }

func (l *ledger) add(r *record) *record {
	r.writes, r.revision = 1, 1
	slices.Sort(r.tagIDs)
	l.records[r.id] = r
	return r
}

// changed notes a write that changed r by one revision.
func (r *record) changed() {
	r.writes++
	r.revision++
}

// living returns the records that hold of, in the order of their marks: the
// dice must meet the same ones in each run.
func (l *ledger) living(holds func(*record) bool) []*record {
	var found []*record
	for _, r := range l.records {
		if !r.gone && holds(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *record) int {
		if len(a.mark) != len(b.mark) {
			return len(a.mark) - len(b.mark)
		}
		if a.mark < b.mark {
			return -1
		}
		return 1
	})
	return found
}
