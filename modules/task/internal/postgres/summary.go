package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// What a row of a summary counts.
const (
	countOpen = iota
	countOverdue
	countDueToday
	countDoneToday
	countOfProject
	countOfTag
)

type summaryRow struct {
	kind int
	core.Count
}

// Summary implements [core.Reader]. It reads the owner's open tasks once, and
// those completed today.
func (s *Store) Summary(ctx context.Context, owner uuid.UUID, late core.Bound, today core.Day) (core.Summary, error) {
	const sql = `WITH open AS MATERIALIZED (
			SELECT id, project_id, due_at, due_on FROM tasks WHERE user_id = $1 AND status = ANY('{todo,in_progress}')
		)
		SELECT 0, NULL::uuid, count(*) FROM open
		UNION ALL SELECT 1, NULL, count(*) FROM open WHERE due_at < $2 OR due_on < $3::date
		UNION ALL SELECT 2, NULL, count(*) FROM open WHERE due_at >= $4 AND due_at < $5 OR due_on = $6::date
		UNION ALL SELECT 3, NULL, count(*) FROM tasks
			WHERE user_id = $1 AND status = 'done' AND completed_at >= $4 AND completed_at < $5
		UNION ALL SELECT 4, project_id, count(*) FROM open GROUP BY project_id
		UNION ALL SELECT 5, tag_id, count(*) FROM open JOIN task_tags ON task_tags.user_id = $1 AND task_tags.task_id = open.id
			GROUP BY tag_id`
	rows, err := postgres.List(ctx, s.db, owner, func(r *summaryRow) []any { return []any{&r.kind, &r.ID, &r.N} }, sql,
		late.At, late.Day, today.At, today.Next, today.Date)
	if err != nil {
		return core.Summary{}, fmt.Errorf("summarize tasks: %w", err)
	}
	return summarized(rows), nil
}

func summarized(rows []summaryRow) core.Summary {
	var sum core.Summary
	totals := map[int]*int64{countOpen: &sum.Open, countOverdue: &sum.Overdue, countDueToday: &sum.DueToday, countDoneToday: &sum.DoneToday}
	for _, r := range rows {
		switch r.kind {
		case countOfProject:
			sum.ByProject = append(sum.ByProject, r.Count)
		case countOfTag:
			sum.ByTag = append(sum.ByTag, r.Count)
		default:
			*totals[r.kind] = r.N
		}
	}
	slices.SortFunc(sum.ByProject, byID)
	slices.SortFunc(sum.ByTag, byID)
	return sum
}

// byID puts the count without an id first.
func byID(a, b core.Count) int {
	switch {
	case a.ID == nil:
		return -1
	case b.ID == nil:
		return 1
	default:
		return slices.Compare(a.ID[:], b.ID[:])
	}
}
