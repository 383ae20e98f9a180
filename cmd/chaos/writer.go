package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/google/uuid"
)

// How many tasks a writer keeps: below the first it makes more, above the
// second it removes some.
const fewTasks, manyTasks = 10, 150

// writer is a client that does one write after the other, and knows what each
// must have come to.
type writer struct {
	name   string
	client *client
	book   *ledger
	dice   *rand.Rand
	count  int
}

// members are those of a JSON object.
type members map[string]any

// perform writes until it is over, ctx ends, or something is wrong with the
// run itself. What is wrong with the server goes into the ledger.
func (w *writer) perform(ctx context.Context, over <-chan struct{}) error {
	for {
		select {
		case <-over:
			return nil
		default:
		}
		if err := w.step(ctx); err != nil {
			return err
		}
		if err := sleep(ctx, breath); err != nil {
			return err
		}
	}
}

func (w *writer) step(ctx context.Context) error {
	roots := w.book.living(func(r *record) bool { return r.table == tasks && r.parentID == "" && r.status == "todo" })
	if len(roots) < fewTasks {
		return w.create(ctx)
	}
	root := roots[w.dice.IntN(len(roots))]
	if len(roots) > manyTasks {
		return w.remove(ctx, root)
	}
	acts := []func() error{
		func() error { return w.create(ctx) },
		func() error { return w.put(ctx) },
		func() error { return w.batch(ctx) },
		func() error { return w.label(ctx) },
		func() error { return w.nest(ctx, root) },
		func() error { return w.nest(ctx, root) },
		func() error { return w.describe(ctx, root) },
		func() error { return w.describe(ctx, root) },
		func() error { return w.replace(ctx, root) },
		func() error { return w.complete(ctx, root) },
		func() error { return w.remove(ctx, root) },
	}
	return acts[w.dice.IntN(len(acts))]()
}

// next returns a mark, which is also the key of the write that leaves it.
func (w *writer) next() string {
	w.count++
	return fmt.Sprintf("%s-%d", w.name, w.count)
}

// send sends a write. It reports whether the answer is as it should be.
func (w *writer) send(ctx context.Context, request write) (body []byte, ok bool, err error) {
	body, err = w.client.send(ctx, request)
	if wrong := (*contradiction)(nil); errors.As(err, &wrong) {
		w.book.contradictions = append(w.book.contradictions, wrong.Error())
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	w.book.keys = append(w.book.keys, request.key)
	return body, true, nil
}

// made reads the id of what a write made.
func made(body []byte) (string, error) {
	var envelope struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return "", fmt.Errorf("read what was made: %w", err)
	}
	return envelope.Data.ID, nil
}

// make sends a write that makes r, which has no id yet unless its maker chose.
func (w *writer) make(ctx context.Context, request write, r *record) (*record, error) {
	request.status = http.StatusCreated
	body, ok, err := w.send(ctx, request)
	if !ok {
		return nil, err
	}
	if r.id, err = made(body); err != nil {
		return nil, err
	}
	return w.book.add(r), nil
}

// someTags picks two tags of the writer's.
func (w *writer) someTags() []string {
	all := w.book.living(func(r *record) bool { return r.table == tags })
	first := w.dice.IntN(len(all))
	second := (first + 1 + w.dice.IntN(len(all)-1)) % len(all)
	return []string{all[first].id, all[second].id}
}

func (w *writer) label(ctx context.Context) error {
	mark := w.next()
	_, err := w.make(ctx, write{key: mark, method: http.MethodPost, path: "/tags", body: members{"name": mark}}, &record{table: tags, mark: mark})
	return err
}

func (w *writer) create(ctx context.Context) error {
	mark, some := w.next(), w.someTags()
	_, err := w.make(ctx, write{key: mark, method: http.MethodPost, path: "/tasks", body: members{"title": mark, "tag_ids": some}},
		&record{table: tasks, mark: mark, status: "todo", tagIDs: some})
	return err
}

// put creates a task with an id of the writer's choice.
func (w *writer) put(ctx context.Context) error {
	mark, some, id := w.next(), w.someTags(), w.newID()
	_, err := w.make(ctx, write{
		key: mark, method: http.MethodPut, path: "/tasks/" + id,
		body: members{"title": mark, "tag_ids": some, "description": mark},
	}, &record{table: tasks, mark: mark, description: mark, status: "todo", tagIDs: some})
	return err
}

func (w *writer) newID() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], w.dice.Uint64())
	binary.BigEndian.PutUint64(id[8:], w.dice.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

func (w *writer) nest(ctx context.Context, parent *record) error {
	mark, some := w.next(), w.someTags()
	child, err := w.make(ctx, write{
		key: mark, method: http.MethodPost, path: "/tasks",
		body: members{"title": mark, "tag_ids": some, "parent_id": parent.id},
	}, &record{table: tasks, mark: mark, status: "todo", tagIDs: some, parentID: parent.id})
	if child != nil {
		parent.children = append(parent.children, child)
	}
	return err
}

// batch creates three tasks, or none.
func (w *writer) batch(ctx context.Context) error {
	key := w.next()
	var fresh []*record
	var operations []members
	for range 3 {
		r := &record{table: tasks, mark: w.next(), status: "todo", tagIDs: w.someTags()}
		fresh = append(fresh, r)
		operations = append(operations, members{"op": "create", "data": members{"title": r.mark, "tag_ids": r.tagIDs}})
	}
	body, ok, err := w.send(ctx, write{
		key: key, method: http.MethodPost, path: "/batch", status: http.StatusOK, body: members{"operations": operations},
	})
	if !ok {
		return err
	}
	var envelope struct {
		Data []struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil || len(envelope.Data) != len(fresh) {
		return fmt.Errorf("read the results of a batch: %w: %s", err, body)
	}
	for i, r := range fresh {
		r.id = envelope.Data[i].Data.ID
		w.book.add(r)
	}
	return nil
}

func (w *writer) describe(ctx context.Context, r *record) error {
	mark := w.next()
	_, ok, err := w.send(ctx, write{
		key: mark, method: http.MethodPatch, path: "/tasks/" + r.id, status: http.StatusOK, body: members{"description": mark},
	})
	if ok {
		r.description = mark
		r.changed()
	}
	return err
}

// replace says everything of a task anew, its tags included.
func (w *writer) replace(ctx context.Context, r *record) error {
	mark, some := w.next(), w.someTags()
	_, ok, err := w.send(ctx, write{
		key: mark, method: http.MethodPut, path: "/tasks/" + r.id, status: http.StatusOK,
		body: members{"title": r.mark, "description": mark, "tag_ids": some},
	})
	if ok {
		r.description, r.tagIDs = mark, sorted(some)
		r.changed()
	}
	return err
}

// complete finishes a task and, with it, all tasks below.
func (w *writer) complete(ctx context.Context, r *record) error {
	_, ok, err := w.send(ctx, write{
		key: w.next(), method: http.MethodPatch, path: "/tasks/" + r.id, status: http.StatusOK, body: members{"status": "done"},
	})
	if ok {
		r.status = "done"
		r.changed()
		for _, child := range r.children {
			child.status = "done"
			child.revision++
		}
	}
	return err
}

// remove deletes a task and, with it, all tasks below.
func (w *writer) remove(ctx context.Context, r *record) error {
	_, ok, err := w.send(ctx, write{
		key: w.next(), method: http.MethodDelete, path: "/tasks/" + r.id, status: http.StatusNoContent,
	})
	if ok {
		r.gone = true
		r.writes++
		for _, child := range r.children {
			child.gone = true
		}
	}
	return err
}
