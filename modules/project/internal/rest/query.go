package rest

import (
	"unicode/utf8"

	"docket/modules/project/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

// oneOf reads a query parameter that has one of a few values; absent, it is the
// zero value of values[""].
func oneOf[T any](r *httpx.Request, name string, faults *errs.Faults, values map[string]T, known string) T {
	v, ok := values[r.Query(name)]
	if !ok {
		faults.Add(name, errs.Faultf(errs.FaultInvalidValue, "must be %s", known))
	}
	return v
}

// listQuery reads which projects to list, and whether with their counts.
func listQuery(r *httpx.Request) (q core.Query, counts bool, faults errs.Faults) {
	archived, inUse := true, false
	p := r.Page()
	q = core.Query{
		Archived: oneOf(r, "archived", &faults, map[string]*bool{"": &inUse, "false": &inUse, "true": &archived, "all": nil}, "false, true or all"),
		Contains: r.Query("q"),
		Sort:     core.SortField(p.Sort), Desc: p.Desc, After: (*core.After)(p.After), Limit: p.Limit,
	}
	counts = includeCounts(r, &faults)
	if utf8.RuneCountInString(q.Contains) > maxContains {
		faults.Add("q", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", maxContains))
	}
	return q, counts, faults
}

func checkList(r *httpx.Request) errs.Faults {
	_, _, faults := listQuery(r)
	return faults
}

func includeCounts(r *httpx.Request, faults *errs.Faults) bool {
	return oneOf(r, "include", faults, map[string]bool{"": false, "counts": true}, "counts")
}

func checkInclude(r *httpx.Request) (faults errs.Faults) {
	includeCounts(r, &faults)
	return faults
}

// withTasks reports whether a project's tasks are to be deleted along with it.
func withTasks(r *httpx.Request) (with bool, faults errs.Faults) {
	with = oneOf(r, "tasks", &faults, map[string]bool{"": false, "keep": false, "delete": true}, "keep, which puts the tasks into the inbox, or delete")
	return with, faults
}

func checkTasks(r *httpx.Request) errs.Faults {
	_, faults := withTasks(r)
	return faults
}
