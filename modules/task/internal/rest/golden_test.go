package rest_test

import (
	"net/http"
	"testing"
	"time"
)

const chosen = "0198c0de-0000-7000-8000-00000000000a"

func TestGolden(t *testing.T) {
	t.Parallel()
	f := open(t)
	project := f.addProject(t, "ada", 1)
	tag1, tag2 := f.addTag(t, "ada", 1), f.addTag(t, "ada", 2)
	f.ada.Do(t, "GET", tasksPath, "").Golden(t, "list_empty")

	f.ada.Do(t, "POST", tasksPath, `{"title":" Buy milk "}`).Golden(t, "create_minimal")
	first := f.all(t)[0]
	f.clock.Advance(time.Second)
	f.ada.Do(t, "POST", tasksPath, fields{
		"title": "Paint the fence", "description": "# White\n\n\ttwice <b>&</b> \u2028", "status": "in_progress", "priority": "high",
		"due_at": "2026-03-16T18:00:00.1234567+02:00", "project_id": project, "parent_id": nil, "tag_ids": []string{tag2, tag1},
	}.json(t)).Golden(t, "create_full")
	f.clock.Advance(time.Second)
	f.ada.Do(t, "POST", tasksPath, `{"title":"Buy paint","due_on":"2026-03-15","status":"done","parent_id":"00000000-0000-7000-8000-000000000002"}`).Golden(t, "create_subtask")

	f.ada.Do(t, "GET", first.path(), "").Golden(t, "get")
	f.ada.Do(t, "GET", first.path(), "", "If-None-Match", f.ada.Do(t, "GET", first.path(), "").ETag()).Golden(t, "get_not_modified")
	f.ada.Do(t, "GET", tasksPath+"?limit=3", "").Golden(t, "list")

	f.clock.Advance(time.Second)
	f.ada.Do(t, "PATCH", first.path(), `{}`).Golden(t, "patch_nothing")
	f.ada.Do(t, "PATCH", first.path(), `{"priority":"low","due_on":"2026-03-20"}`, "Content-Type", "application/merge-patch+json").Golden(t, "patch")
	stale := f.ada.Do(t, "GET", first.path(), "").ETag()
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PATCH", first.path(), `{"status":"done"}`, "If-Match", stale).Golden(t, "patch_done")
	f.ada.Do(t, "PATCH", first.path(), `{"title":"x"}`, "If-Match", stale).Golden(t, "patch_stale")
	f.ada.Do(t, "PUT", first.path(), `{"title":"x"}`, "If-None-Match", "*").Golden(t, "put_exists")

	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, `{"title":"Sand the fence"}`).Golden(t, "put_create")
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, `{"title":"Sand the gate","priority":"urgent"}`).Golden(t, "put_replace")
	f.ada.Do(t, "DELETE", tasksPath+"/"+chosen, "").Golden(t, "delete")
	f.ada.Do(t, "DELETE", tasksPath+"/"+chosen, "").Golden(t, "delete_again")
	f.ada.Do(t, "GET", tasksPath+"/"+chosen, "").Golden(t, "get_missing")
}

func TestGoldenFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.ada.Do(t, "POST", tasksPath, fields{
		"titel": "Buy milk", "description": 7, "status": "finished", "priority": nil, "due_at": "tomorrow", "due_on": "2026-02-29",
		"project_id": chosen, "parent_id": "{" + chosen + "}", "tag_ids": []any{chosen, chosen, nil, "x"}, "completed_at": nil,
		"position": "a0", "id": chosen, "created_at": "2026-03-15T00:00:00Z", "updated_at": 1,
	}.json(t)).Golden(t, "faults")
	if left := f.all(t); len(left) != 0 {
		t.Errorf("a refused task was stored: %v", left)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	existing := f.create(t, "Buy milk", fields{"due_on": "2026-03-20"})
	for name, c := range map[string]struct {
		method, path, body string
		want               []string
	}{
		"no title":                 {"POST", tasksPath, `{}`, []string{"title required"}},
		"no title in a PUT":        {"PUT", existing.path(), `{"status":"done"}`, []string{"title required"}},
		"null title":               {"PATCH", existing.path(), `{"title":null}`, []string{"title null_not_allowed"}},
		"blank title":              {"PATCH", existing.path(), `{"title":" "}`, []string{"title too_short"}},
		"NUL in a title":           {"PATCH", existing.path(), `{"title":"a\u0000b"}`, []string{"title invalid_format"}},
		"null status":              {"PATCH", existing.path(), `{"status":null}`, []string{"status null_not_allowed"}},
		"null tags":                {"PATCH", existing.path(), `{"tag_ids":null}`, []string{"tag_ids null_not_allowed"}},
		"tags no list":             {"PATCH", existing.path(), `{"tag_ids":"x"}`, []string{"tag_ids invalid_type"}},
		"tag twice":                {"PATCH", existing.path(), `{"tag_ids":["` + chosen + `","0198C0DE-0000-7000-8000-00000000000A"]}`, []string{"tag_ids[1] duplicate", "tag_ids[0] not_found"}},
		"tags unread and unknown":  {"PATCH", existing.path(), `{"tag_ids":[1,"` + chosen + `","x","` + existing.ID + `"]}`, []string{"tag_ids[0] invalid_type", "tag_ids[2] invalid_format", "tag_ids[1] not_found", "tag_ids[3] not_found"}},
		"both due":                 {"POST", tasksPath, `{"title":"x","due_on":"2026-03-20","due_at":"2026-03-20T00:00:00Z"}`, []string{"due_on conflict"}},
		"both due after a PATCH":   {"PATCH", existing.path(), `{"due_at":"2026-03-20T00:00:00Z"}`, []string{"due_on conflict"}},
		"completed_at":             {"PATCH", existing.path(), `{"completed_at":null}`, []string{"completed_at read_only"}},
		"completed_at in a create": {"POST", tasksPath, `{"title":"x","status":"done","completed_at":"2026-03-20T00:00:00Z"}`, []string{"completed_at read_only"}},
		"due beyond the years":     {"PATCH", existing.path(), `{"due_on":null,"due_at":"9999-12-31T23:59:59-01:00"}`, []string{"due_at out_of_range"}},
		"parent unknown":           {"POST", tasksPath, `{"title":"x","parent_id":"` + chosen + `"}`, []string{"parent_id not_found"}},
		"project unknown":          {"POST", tasksPath, `{"title":"x","project_id":"` + chosen + `"}`, []string{"project_id not_found"}},
		"all of them":              {"POST", tasksPath, `{"title":"","project_id":"` + chosen + `","parent_id":"` + chosen + `","tag_ids":["` + chosen + `"],"due_on":"2026-03-20","due_at":"2026-03-20T00:00:00Z"}`, []string{"title too_short", "parent_id not_found", "project_id not_found", "due_on conflict", "tag_ids[0] not_found"}},
		"an array":                 {"POST", tasksPath, `[]`, []string{" invalid_type"}},
		"filter misspelt":          {"GET", tasksPath + "?stauts=todo", "", []string{"stauts unknown_parameter"}},
		"sort unknown":             {"GET", tasksPath + "?sort=colour", "", []string{"sort invalid_value"}},
		"limits":                   {"GET", tasksPath + "?limit=201", "", []string{"limit out_of_range"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.ada.Do(t, c.method, c.path, c.body).WantInvalid(t, c.want...)
		})
	}
}

func TestRefusedWritesLeaveNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	before := f.create(t, "Buy milk", nil)
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PATCH", before.path(), `{"title":"Buy oats","priority":"high","status":"finished"}`).WantInvalid(t, "status invalid_value")
	f.ada.Do(t, "PUT", before.path(), `{"title":"Buy oats","parent_id":"`+before.ID+`"}`).WantInvalid(t, "parent_id conflict")
	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, `{"title":"Buy oats","tag_ids":["`+chosen+`"]}`).WantInvalid(t, "tag_ids[0] not_found")
	f.ada.Do(t, "PUT", tasksPath+"/"+chosen, `{"title":"Buy oats"}`, "If-Match", `"x"`).WantFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	if now := f.all(t); len(now) != 1 || now[0].UpdatedAt != before.UpdatedAt || now[0].Title != "Buy milk" {
		t.Errorf("there is %+v", now)
	}
}

// A switch from an instant to a date, and back, is one PATCH each.
func TestDueSwitches(t *testing.T) {
	t.Parallel()
	f := open(t)
	x := f.create(t, "Buy milk", fields{"due_at": "2026-03-20T10:00:00+01:00"})
	if x = f.patch(t, x, fields{"due_at": nil, "due_on": "2026-03-20"}); x.DueAt != nil || text(x.DueOn) != "2026-03-20" {
		t.Errorf("due at %v, on %s", x.DueAt, text(x.DueOn))
	}
	x = f.patch(t, x, fields{"due_on": nil, "due_at": "2026-03-20T10:00:00.5+01:00"})
	if want := time.Date(2026, time.March, 20, 9, 0, 0, 500_000_000, time.UTC); x.DueOn != nil || x.DueAt == nil || *x.DueAt != want {
		t.Errorf("due at %v, on %s", x.DueAt, text(x.DueOn))
	}
	if x = f.patch(t, x, fields{"due_at": nil}); x.DueAt != nil || x.DueOn != nil {
		t.Errorf("due at %v, on %s", x.DueAt, text(x.DueOn))
	}
}

// The whole of a task survives a replacement by what was read, and a PUT takes
// away what it does not name.
func TestPutIsTheWhole(t *testing.T) {
	t.Parallel()
	f := open(t)
	tag, project := f.addTag(t, "ada", 1), f.addProject(t, "ada", 1)
	x := f.create(t, "Paint", fields{"description": "d", "status": "done", "priority": "low", "due_on": "2026-03-20", "project_id": project, "tag_ids": []string{tag}})
	f.clock.Advance(time.Second)
	f.ada.Do(t, "PUT", x.path(), fields{
		"title": x.Title, "description": x.Description, "status": x.Status, "priority": x.Priority, "due_at": nil, "due_on": x.DueOn,
		"project_id": x.ProjectID, "parent_id": nil, "tag_ids": x.TagIDs,
	}.json(t)).Want(t, http.StatusOK)
	if now := f.get(t, x); now.UpdatedAt != x.UpdatedAt {
		t.Error("a PUT of what is there already changed the task")
	}
	f.ada.Do(t, "PUT", x.path(), `{"title":"Paint"}`).Want(t, http.StatusOK)
	now := f.get(t, x)
	if now.Description != nil || now.Status != "todo" || now.Priority != "none" || now.DueOn != nil || now.ProjectID != nil || len(now.TagIDs) != 0 || now.CompletedAt != nil {
		t.Errorf("something was kept: %+v", now)
	}
	if now.CreatedAt != x.CreatedAt || now.Position != x.Position {
		t.Error("created_at or position changed")
	}
}

// Pages of one task each give the whole list, each element with the ETag that it
// has on its own.
func TestPages(t *testing.T) {
	t.Parallel()
	f := open(t)
	for n, title := range []string{"b", "A", "c", "B"} {
		f.create(t, title, fields{"priority": []string{"low", "none", "urgent", "low"}[n]})
		f.clock.Advance(time.Second)
	}
	for sort, want := range map[string]string{
		"": "BcAb", "created_at": "bAcB", "-updated_at": "BcAb", "title": "AbBc", "-title": "cBbA", "-priority": "cBbA", "priority": "AbBc", "position": "bAcB",
	} {
		query := "?limit=1"
		if sort != "" {
			query += "&sort=" + sort
		}
		var titles string
		for cursor := ""; ; {
			var list []task
			next := f.ada.Do(t, "GET", tasksPath+query+cursor, "").Want(t, http.StatusOK).List(t, &list).NextCursor
			for _, x := range list {
				titles += x.Title
				if own := f.ada.Do(t, "GET", x.path(), "").ETag(); x.ETag != own {
					t.Errorf("in the list its ETag is %s, on its own %s", x.ETag, own)
				}
			}
			if next == nil || len(titles) > 4 {
				break
			}
			cursor = "&cursor=" + *next
		}
		if titles != want {
			t.Errorf("sorted by %q, the pages hold %s, want %s", sort, titles, want)
		}
	}
}
