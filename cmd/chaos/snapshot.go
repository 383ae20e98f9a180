package main

import (
	"context"
	"encoding/json"
	"fmt"

	"docket/platform/postgres"
)

// fields are those columns of any table that the comparison looks at.
type fields struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Title       string  `json:"title"`
	Description *string `json:"description"`
	Status      any     `json:"status"`
	ParentID    *string `json:"parent_id"`
	Revision    int     `json:"revision"`
	TaskID      string  `json:"task_id"`
	TagID       string  `json:"tag_id"`
	Key         string  `json:"key"`
}

// snapshot reads the database around the server, every row as it stands there.
func snapshot(ctx context.Context, url string) (state, error) {
	db, err := postgres.Open(ctx, postgres.Config{URL: url, MinConns: 1, MaxConns: 1})
	if err != nil {
		return state{}, err
	}
	defer db.Close()
	all := map[string][]fields{}
	for _, table := range []string{tasks, tags, "task_tags", "idempotency_keys"} {
		if all[table], err = dump(ctx, db, table); err != nil {
			return state{}, fmt.Errorf("read the table %s: %w", table, err)
		}
	}
	return assemble(all), nil
}

func dump(ctx context.Context, db *postgres.DB, table string) (rows []fields, err error) {
	text, err := postgres.GetUnowned(ctx, db, postgres.Door{}, func(text *string) []any { return []any{text} },
		"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM "+table+" AS t")
	if err != nil {
		return nil, err
	}
	return rows, json.Unmarshal([]byte(text), &rows)
}

// assemble puts the rows of one resource together.
func assemble(all map[string][]fields) state {
	var s state
	tagIDs := map[string][]string{}
	for _, f := range all["task_tags"] {
		tagIDs[f.TaskID] = append(tagIDs[f.TaskID], f.TagID)
	}
	for _, f := range all[tasks] {
		status, _ := f.Status.(string)
		s.rows = append(s.rows, row{
			table: tasks, id: f.ID, mark: f.Title, description: text(f.Description), status: status,
			tagIDs: tagIDs[f.ID], parentID: text(f.ParentID), revision: f.Revision,
		})
		delete(tagIDs, f.ID)
	}
	for id, orphans := range tagIDs {
		s.rows = append(s.rows, row{table: "task_tags", id: id, mark: "without a task", tagIDs: orphans})
	}
	for _, f := range all[tags] {
		s.rows = append(s.rows, row{table: tags, id: f.ID, mark: f.Name, revision: f.Revision})
	}
	for _, f := range all["idempotency_keys"] {
		s.keys = append(s.keys, f.Key)
	}
	return s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
