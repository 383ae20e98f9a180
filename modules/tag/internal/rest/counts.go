package rest

import (
	"strconv"
	"unicode/utf8"

	"docket/modules/tag/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

// countedTag is a tag with what include=counts adds to it.
type countedTag struct {
	tag   core.Tag
	tasks int
}

func (c countedTag) view() countedView { return countedView(c) }

// countedView is one as clients see it. On its own its entity tag is that of all
// it shows, so that If-None-Match notices another count; in a list it is that of
// the tag alone, which is what If-Match takes.
type countedView countedTag

// Resource implements [httpx.Extended].
func (v countedView) Resource() httpx.View { return view(v.tag) }

// AppendJSON implements [httpx.View].
func (v countedView) AppendJSON(dst []byte) []byte {
	dst = view(v.tag).AppendJSON(dst)
	dst = append(dst[:len(dst)-1], `,"task_count":`...)
	return append(strconv.AppendInt(dst, int64(v.tasks), 10), '}')
}

// includeCounts reads the parameter include.
func includeCounts(r *httpx.Request) (counts bool, faults errs.Faults) {
	switch r.Query("include") {
	case "":
	case "counts":
		counts = true
	default:
		faults.Add("include", errs.Faultf(errs.FaultInvalidValue, "must be counts"))
	}
	return counts, faults
}

func checkInclude(r *httpx.Request) errs.Faults {
	_, faults := includeCounts(r)
	return faults
}

// listQuery reads which tags to list, and whether with their counts.
func listQuery(r *httpx.Request) (q core.Query, counts bool, faults errs.Faults) {
	p := r.Page()
	q = core.Query{Contains: r.Query("q"), Sort: core.SortField(p.Sort), Desc: p.Desc, After: (*core.After)(p.After), Limit: p.Limit}
	counts, faults = includeCounts(r)
	if utf8.RuneCountInString(q.Contains) > maxContains {
		faults.Add("q", errs.Faultf(errs.FaultTooLong, "must have at most %d characters", maxContains))
	}
	return q, counts, faults
}

func checkList(r *httpx.Request) errs.Faults {
	_, _, faults := listQuery(r)
	return faults
}

// counted adds to tags how many tasks carry them.
func (h handlers) counted(r *httpx.Request, tags ...core.Tag) ([]countedTag, error) {
	counts, err := h.tags.TaskCounts(r.Context(), r.Owner(), tags...)
	if err != nil {
		return nil, err
	}
	counted := make([]countedTag, len(tags))
	for i, t := range tags {
		counted[i] = countedTag{tag: t, tasks: counts[i]}
	}
	return counted, nil
}
