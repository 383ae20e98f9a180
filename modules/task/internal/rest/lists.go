package rest

import (
	"strconv"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/page"
)

func (h handlers) list(r *httpx.Request) (httpx.Response, error) {
	q, faults := query(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	tasks, next, err := h.lists.List(r.Context(), r.Owner(), q)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.List(tasks, view, (*page.After)(next)), nil
}

func (h handlers) summary(r *httpx.Request) (httpx.Response, error) {
	sum, err := h.lists.Summary(r.Context(), r.Owner())
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(summaryView(sum)), nil
}

// get answers with include=subtasks what is below the task too. The entity tag
// is that of what is sent: one of a tree is no use for If-Match.
func (h handlers) get(r *httpx.Request) (httpx.Response, error) {
	subtasks, faults := includeSubtasks(r)
	if err := faults.Err(); err != nil {
		return httpx.Response{}, err
	}
	if subtasks {
		return h.tree(r)
	}
	task, err := h.tasks.Get(r.Context(), r.Owner(), r.ID())
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(task)), nil
}

func includeSubtasks(r *httpx.Request) (bool, errs.Faults) {
	v := values{r: r}
	return v.oneOf("include", "subtasks") != "", v.faults
}

func checkInclude(r *httpx.Request) errs.Faults {
	_, faults := includeSubtasks(r)
	return faults
}

func (h handlers) tree(r *httpx.Request) (httpx.Response, error) {
	tree, whole, err := h.lists.Subtree(r.Context(), r.Owner(), r.ID())
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(treeView{Branch: tree, whole: whole}), nil
}

// treeView is a task with the tree below it, and whether that is all of it.
type treeView struct {
	*core.Branch
	whole bool
}

// AppendJSON implements [httpx.View].
func (v treeView) AppendJSON(dst []byte) []byte {
	dst = reopened(appendBranch(dst, v.Branch), "subtasks_truncated")
	return append(strconv.AppendBool(dst, !v.whole), '}')
}

func appendBranch(dst []byte, b *core.Branch) []byte {
	dst = append(reopened(httpx.AppendTagged(dst, view(b.Task)), "subtasks"), '[')
	for i, below := range b.Subtasks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBranch(dst, below)
	}
	return append(dst, "]}"...)
}

// reopened takes off the brace that closes the object, which has members, and
// begins another.
func reopened(object []byte, name string) []byte {
	object = append(object[:len(object)-1], `,"`...)
	object = append(object, name...)
	return append(object, `":`...)
}

// summaryView counts a user's tasks.
type summaryView core.Summary

// AppendJSON implements [httpx.View].
func (v summaryView) AppendJSON(dst []byte) []byte {
	for i, total := range []struct {
		name string
		n    int64
	}{{"open", v.Open}, {"overdue", v.Overdue}, {"due_today", v.DueToday}, {"done_today", v.DoneToday}} {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(dst, `"`+total.name+`":`...)
		dst = strconv.AppendInt(dst, total.n, 10)
	}
	dst = appendCounts(append(dst, `,"open_by_project":`...), "project_id", v.ByProject)
	dst = appendCounts(append(dst, `,"open_by_tag":`...), "tag_id", v.ByTag)
	return append(dst, '}')
}

func appendCounts(dst []byte, name string, counts []core.Count) []byte {
	dst = append(dst, '[')
	for i, c := range counts {
		if i > 0 {
			dst = append(dst, ',')
		}
		j := httpx.NewJSON(dst)
		j.IDOrNull(name, c.ID)
		dst = append(strconv.AppendInt(reopened(j.End(), "open"), c.N, 10), '}')
	}
	return append(dst, ']')
}
