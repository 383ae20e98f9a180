package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"docket/platform/statement"
)

// taskID is the id of task n of user u: such that pgbench, which knows numbers
// only, can make it.
func taskID(u, n int) string { return fmt.Sprintf("%s%012x", idPrefix, u<<16+n) }

// idPrefix is what all those ids begin with.
const idPrefix = "00000000-0000-7000-8000-"

// reach is how many of a user's tasks of known ids an operation is about.
func reach(op statement.Operation) int {
	if op == statement.Update {
		return changedEach
	}
	return tasksEach
}

// call asks the API something that must succeed, and returns what data has.
func call(ctx context.Context, method, url, token string, body, data any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode a body: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", method, url, response.StatusCode, text)
	}
	answer := struct{ Data any }{data}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, url, err)
	}
	return nil
}

func ownerOf(ctx context.Context, api, token string) (string, error) {
	var me struct{ ID string }
	err := call(ctx, http.MethodGet, api+"/auth/me", token, nil, &me)
	return me.ID, err
}

// act does an operation whose statements are listened to, and returns the id of
// the task that it was about. One try after the other is needed for an update.
func (g *ground) act(ctx context.Context, api string, who statement.Who, op statement.Operation, try int) (string, error) {
	var done struct{ ID string }
	switch op {
	case statement.Get:
		return taskID(0, 0), call(ctx, http.MethodGet, api+"/tasks/"+taskID(0, 0), who.Token, nil, &done)
	case statement.List:
		return "", call(ctx, http.MethodGet, api+"/tasks", who.Token, nil, nil)
	case statement.Create:
		err := call(ctx, http.MethodPost, api+"/tasks", who.Token, newTask(statement.Mark), &done)
		return done.ID, err
	case statement.Update:
		title := []string{"Paint", "Mend"}[try%2] + " the fence " + statement.Mark // what changes nothing writes nothing
		err := call(ctx, http.MethodPatch, api+"/tasks/"+taskID(0, 1), who.Token, map[string]string{"title": title}, &done)
		return done.ID, err
	default:
		return "", fmt.Errorf("there is no operation %q", op)
	}
}

// newTask is a create that is measured; mark ends the title.
func newTask(mark string) map[string]any {
	return map[string]any{
		"title": "Paint the fence " + mark, "description": "Two coats, and the gate as well.",
		"priority": "high", "due_at": "2027-05-01T09:30:00Z",
	}
}
