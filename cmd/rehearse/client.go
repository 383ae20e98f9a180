package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// manyTasks is how many a client keeps.
	manyTasks = 60
	// retryPause is between two attempts. Clients wait as long as Retry-After
	// says; here it matters when the server could have served them.
	retryPause = 50 * time.Millisecond
)

// client is one user. Only its own goroutine writes to it, served aside.
type client struct {
	traffic     *traffic
	name, email string
	token       atomic.Pointer[string]
	dice        *rand.Rand
	http        *http.Client
	count       int
	writes      int // that were acknowledged
	// kept is what it was told of its tasks: the description by id. titles are
	// theirs, which no two share, those of the deleted included.
	kept   map[string]string
	titles map[string]string
	ids    []string

	mu     sync.Mutex
	since  time.Time // what first counts from
	served time.Time // when its first request since then began that was served
}

// answer is one answer of the API.
type answer struct {
	what, code, retryAfter string
	status                 int
	read                   bool
	body                   []byte
}

func (a answer) inUse() bool {
	return a.status == http.StatusConflict && a.code == "IDEMPOTENCY_KEY_IN_USE"
}

var errContradiction = errors.New("the server contradicts itself")

// work goes on until the traffic is over.
func (c *client) work(ctx context.Context) error {
	for {
		select {
		case <-c.traffic.over:
			return nil
		default:
		}
		if err := c.step(ctx); err != nil {
			return err
		}
		if err := sleep(ctx, c.traffic.pace/2+time.Duration(c.dice.Int64N(int64(c.traffic.pace)))); err != nil {
			return err
		}
	}
}

func (c *client) step(ctx context.Context) error {
	if len(c.ids) < 3 {
		return c.create(ctx)
	}
	if len(c.ids) > manyTasks {
		return c.remove(ctx)
	}
	switch c.dice.IntN(12) {
	case 0, 1, 2:
		return c.create(ctx)
	case 3, 4:
		return c.get(ctx)
	case 5, 6:
		return c.describe(ctx)
	case 7:
		return c.read(ctx, "/tasks?limit=20&sort=-created_at")
	case 8:
		return c.read(ctx, "/tasks?q=number&status=todo")
	case 9:
		return c.read(ctx, []string{"/tasks/summary", "/tags", "/projects", "/auth/me"}[c.dice.IntN(4)])
	case 10:
		return c.batch(ctx)
	default:
		return c.remove(ctx)
	}
}

// next is a title that is also the key of the write that makes it.
func (c *client) next() string {
	c.count++
	return fmt.Sprintf("%s number %d", c.name, c.count)
}

func (c *client) create(ctx context.Context) error {
	title := c.next()
	body, err := c.write(ctx, http.MethodPost, "/tasks", map[string]any{"title": title}, http.StatusCreated)
	if err != nil {
		return err
	}
	var made struct{ Data struct{ ID string } }
	if err := json.Unmarshal(body, &made); err != nil {
		return fmt.Errorf("read what was made: %w", err)
	}
	c.keep(made.Data.ID, title)
	return nil
}

func (c *client) keep(id, title string) {
	c.kept[id], c.titles[id] = "", title
	c.ids = append(c.ids, id)
}

// batch creates two tasks, or none.
func (c *client) batch(ctx context.Context) error {
	titles := []string{c.next(), c.next()}
	var operations []any
	for _, title := range titles {
		operations = append(operations, map[string]any{"op": "create", "data": map[string]any{"title": title}})
	}
	body, err := c.write(ctx, http.MethodPost, "/batch", map[string]any{"operations": operations}, http.StatusOK)
	if err != nil {
		return err
	}
	var made struct {
		Data []struct{ Data struct{ ID string } }
	}
	if err := json.Unmarshal(body, &made); err != nil || len(made.Data) != len(titles) {
		return fmt.Errorf("read the results of a batch: %w: %s", err, body)
	}
	for i, title := range titles {
		c.keep(made.Data[i].Data.ID, title)
	}
	return nil
}

func (c *client) any() string { return c.ids[c.dice.IntN(len(c.ids))] }

func (c *client) describe(ctx context.Context) error {
	id, text := c.any(), c.next()+strings.Repeat(" and so on", c.dice.IntN(80))
	_, err := c.write(ctx, http.MethodPatch, "/tasks/"+id, map[string]any{"description": text}, http.StatusOK)
	if err == nil {
		c.kept[id] = text
	}
	return err
}

func (c *client) remove(ctx context.Context) error {
	id := c.any()
	if _, err := c.write(ctx, http.MethodDelete, "/tasks/"+id, nil, http.StatusNoContent); err != nil {
		return err
	}
	delete(c.kept, id)
	delete(c.titles, id)
	c.ids = slices.DeleteFunc(c.ids, func(other string) bool { return other == id })
	return nil
}

// get reads one of its tasks, which must be as it was told.
func (c *client) get(ctx context.Context) error {
	id := c.any()
	a, err := c.attempt(ctx, http.MethodGet, "/tasks/"+id, "", nil)
	if err != nil || a.status >= http.StatusInternalServerError {
		return sleep(ctx, retryPause)
	}
	var got struct{ Data task }
	if err := json.Unmarshal(a.body, &got); err != nil {
		return fmt.Errorf("read a task: %w", err)
	}
	if a.status != http.StatusOK || got.Data.Title != c.titles[id] || got.Data.text() != c.kept[id] {
		return fmt.Errorf("%w: task %s is %.200s; acknowledged were the title %q and the description %.100q", errContradiction, id, a.body, c.titles[id], c.kept[id])
	}
	return nil
}

// read reads something, and leaves it at that where it fails.
func (c *client) read(ctx context.Context, path string) error {
	a, err := c.attempt(ctx, http.MethodGet, path, "", nil)
	if err != nil || a.status >= http.StatusBadRequest {
		return sleep(ctx, retryPause)
	}
	return nil
}

// write sends a write, again under the same key until there is an answer that
// counts, which must be status.
func (c *client) write(ctx context.Context, method, path string, body any, status int) ([]byte, error) {
	c.count++
	key := fmt.Sprintf("%s-%d", c.name, c.count)
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write a request: %w", err)
		}
	}
	for {
		a, err := c.attempt(ctx, method, path, key, content)
		if err == nil && a.status < http.StatusInternalServerError && !a.inUse() {
			if a.status != status {
				return nil, fmt.Errorf("%w: %s %s under the key %s was answered %d, not %d: %s", errContradiction, method, path, key, a.status, status, a.body)
			}
			c.writes++
			return a.body, nil
		}
		if err := sleep(ctx, retryPause); err != nil {
			return nil, err
		}
	}
}

var errDown = errors.New("the server is down")

// attempt sends one request, and counts what comes back.
func (c *client) attempt(ctx context.Context, method, path, key string, content []byte) (answer, error) {
	base := *c.traffic.base.Load()
	if base == "" {
		return answer{}, errDown
	}
	began := time.Now()
	a, err := ask(ctx, c.http, method, base+path, http.Header{
		"Authorization": {"Bearer " + *c.token.Load()}, "Content-Type": {"application/json"}, "Idempotency-Key": {key},
	}, content)
	if ctx.Err() == nil {
		c.traffic.note(a, time.Since(began), err)
	}
	if err == nil && a.status < http.StatusBadRequest {
		c.mu.Lock()
		if c.served.IsZero() && began.After(c.since) {
			c.served = began
		}
		c.mu.Unlock()
	}
	return a, err
}

// await forgets when it was served before since.
func (c *client) await(since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since, c.served = since, time.Time{}
}

// servedAt is when its first request since then began that was served, zero
// where there is none yet.
func (c *client) servedAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.served
}

// ask sends one request and reads its answer.
func ask(ctx context.Context, h *http.Client, method, url string, header http.Header, content []byte) (answer, error) {
	a := answer{what: method + " " + url, read: method == http.MethodGet}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(content))
	if err != nil {
		return a, err
	}
	if r.Header = header; header.Get("Idempotency-Key") == "" {
		delete(header, "Idempotency-Key")
	}
	got, err := h.Do(r)
	if err != nil {
		return a, err
	}
	defer got.Body.Close()
	a.status, a.retryAfter = got.StatusCode, got.Header.Get("Retry-After")
	if a.body, err = io.ReadAll(got.Body); err != nil {
		return a, err
	}
	if a.status >= http.StatusBadRequest {
		var failure struct{ Error struct{ Code string } }
		if err := json.Unmarshal(a.body, &failure); err == nil {
			a.code = failure.Error.Code
		}
	}
	return a, nil
}

// task is what clients look at.
type task struct {
	ID, Title   string
	Description *string
}

func (t task) text() string {
	if t.Description == nil {
		return ""
	}
	return *t.Description
}

// compare reads all that the client has, and returns what is not as it was
// acknowledged, and how many tasks are.
func (c *client) compare(ctx context.Context) (right int, findings []string, err error) {
	titles := map[string]int{}
	cursor := ""
	for {
		a, err := c.attempt(ctx, http.MethodGet, "/tasks?limit=100"+cursor, "", nil)
		if err != nil || a.status != http.StatusOK {
			return 0, nil, fmt.Errorf("list what there is: %d %s: %w", a.status, a.body, err)
		}
		var page struct {
			Data []task
			Meta struct {
				Next *string `json:"next_cursor"`
			}
		}
		if err := json.Unmarshal(a.body, &page); err != nil {
			return 0, nil, fmt.Errorf("read a list: %w", err)
		}
		for _, t := range page.Data {
			titles[t.Title]++
			text, known := c.kept[t.ID]
			switch {
			case !known && titles[t.Title] > 1:
				findings = append(findings, fmt.Sprintf("doubled: %q", t.Title))
			case !known:
				findings = append(findings, fmt.Sprintf("unexplained: %q", t.Title))
			case text != t.text():
				findings = append(findings, fmt.Sprintf("lost: the description of %q", t.Title))
			default:
				right++
			}
			delete(c.kept, t.ID)
		}
		if page.Meta.Next == nil {
			break
		}
		cursor = "&cursor=" + *page.Meta.Next
	}
	for id := range c.kept {
		findings = append(findings, fmt.Sprintf("lost: %q", c.titles[id]))
	}
	return right, findings, nil
}
