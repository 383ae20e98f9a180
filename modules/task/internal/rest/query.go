package rest

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

// sorts are what tasks can be listed by, the default first; a search without a
// sort is ranked.
var sorts = []string{"-created_at", "updated_at", "due", "priority", "title", "position"}

// none stands for no project and for no parent.
const none = "none"

// query reads what a list asks for, and reports all that is wrong with it.
func query(r *httpx.Request) (core.Query, errs.Faults) {
	var f core.Filter
	v := values{r: r}
	f.Statuses = each(&v, "status", core.ParseStatus)
	f.Priorities = each(&v, "priority", core.ParsePriority)
	f.Project = optional(&v, "project_id", parseRef)
	f.Parent = optional(&v, "parent_id", parseRef)
	f.TagIDs = each(&v, "tag_id", parseID)
	slices.SortFunc(f.TagIDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	f.TagIDs = slices.Compact(f.TagIDs)
	f.AllTags = v.oneOf("tag_match", "any", "all") == "all"
	f.DueAfter = optional(&v, "due_after", core.ParseBound)
	f.DueBefore = optional(&v, "due_before", core.ParseBound)
	f.Overdue = v.oneOf("overdue", "true") == "true"
	f.CompletedAfter = optional(&v, "completed_after", core.ParseBound)
	f.CompletedBefore = optional(&v, "completed_before", core.ParseBound)
	f.UpdatedAfter = optional(&v, "updated_after", core.ParseBound)
	if s := optional(&v, "q", core.ParseSearch); s != nil && strings.TrimSpace(r.Query("q")) != "" {
		f.Search = *s
	}
	p := r.Page()
	q := core.Query{Filter: f, Sort: core.SortField(p.Sort), Desc: p.Desc, After: (*core.After)(p.After), Limit: p.Limit}
	if f.Search != nil && r.Query("sort") == "" {
		q.Sort = core.SortRank
	}
	return q, v.faults
}

func checkQuery(r *httpx.Request) errs.Faults {
	_, faults := query(r)
	return faults
}

// values reads parameters and collects what is wrong with them. Of those that
// are given only q can be empty, which is as good as none.
type values struct {
	r      *httpx.Request
	faults errs.Faults
}

// optional reads a parameter, nil where there is none or it is faulty.
func optional[T any](v *values, name string, parse func(string) (T, error)) *T {
	text := v.r.Query(name)
	if text == "" {
		return nil
	}
	value, err := parse(text)
	if err != nil {
		v.faults.Add(name, err)
		return nil
	}
	return &value
}

// maxElements bounds a list of values; a task has no more tags.
const maxElements = core.MaxTags

// each reads a parameter that lists values, separated by commas.
func each[T any](v *values, name string, parse func(string) (T, error)) []T {
	text := v.r.Query(name)
	if text == "" {
		return nil
	}
	parts := strings.SplitN(text, ",", maxElements+1)
	if len(parts) > maxElements {
		v.faults.Add(name, errs.Faultf(errs.FaultTooMany, "must list at most %d values", maxElements))
		return nil
	}
	list := make([]T, 0, len(parts))
	for _, part := range parts {
		value, err := parse(part)
		if err != nil {
			v.faults.Add(name, err)
			return nil
		}
		list = append(list, value)
	}
	return list
}

// oneOf reads a parameter that is one of a few words.
func (v *values) oneOf(name string, allowed ...string) string {
	text := v.r.Query(name)
	if text != "" && !slices.Contains(allowed, text) {
		v.faults.Add(name, errs.Faultf(errs.FaultInvalidValue, "must be %s", strings.Join(allowed, " or ")))
	}
	return text
}

func parseRef(text string) (core.Ref, error) {
	if text == none {
		return core.Ref{}, nil
	}
	id, err := parseID(text)
	if err != nil {
		return core.Ref{}, errs.Faultf(errs.FaultInvalidFormat, "must be a UUID, or %s", none)
	}
	return core.Ref{ID: &id}, nil
}

// parseID takes the canonical form of RFC 9562 alone, as paths and bodies do.
func parseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) {
		return uuid.Nil, errs.Faultf(errs.FaultInvalidFormat, "must be a UUID such as 0198c0de-0000-7000-8000-000000000000")
	}
	return id, nil
}
