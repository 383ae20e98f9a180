package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
	"docket/platform/postgres"
)

// summaryRow counts open tasks: of a project, or, without the other figures,
// with a tag; done are those of today whatever their project, said once.
type summaryRow struct {
	tagged bool
	core.Count
	overdue, dueToday, doneToday int64
}

// Summary implements [core.Reader]. It reads the owner's open tasks twice, from
// an index alone, and those completed today.
func (s *Store) Summary(ctx context.Context, owner uuid.UUID, late core.Bound, today core.Day) (core.Summary, error) {
	const sql = `SELECT false, project_id, count(*), count(*) FILTER (WHERE due_at < $2 OR due_on < $3::date),
			count(*) FILTER (WHERE due_at >= $4 AND due_at < $5 OR due_on = $6::date), 0
		FROM tasks WHERE user_id = $1 AND status IN ('todo', 'in_progress') GROUP BY project_id
		UNION ALL SELECT true, tag_id, count(*), 0, 0, 0
			FROM tasks CROSS JOIN unnest(tag_ids) AS tag_id WHERE user_id = $1 AND status IN ('todo', 'in_progress') GROUP BY tag_id
		UNION ALL SELECT false, NULL, 0, 0, 0, count(*) FROM tasks
			WHERE user_id = $1 AND status = 'done' AND completed_at >= $4 AND completed_at < $5`
	rows, err := postgres.List(ctx, s.db, owner, func(r *summaryRow) []any {
		return []any{&r.tagged, &r.ID, &r.N, &r.overdue, &r.dueToday, &r.doneToday}
	}, sql, late.At, late.Day, today.At, today.Next, today.Date)
	if err != nil {
		return core.Summary{}, fmt.Errorf("summarize tasks: %w", err)
	}
	return summarized(rows), nil
}

func summarized(rows []summaryRow) core.Summary {
	var sum core.Summary
	for _, r := range rows {
		if r.tagged {
			sum.ByTag = append(sum.ByTag, r.Count)
			continue
		}
		sum.Open += r.N
		sum.Overdue += r.overdue
		sum.DueToday += r.dueToday
		sum.DoneToday += r.doneToday
		if r.N > 0 {
			sum.ByProject = append(sum.ByProject, r.Count)
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
