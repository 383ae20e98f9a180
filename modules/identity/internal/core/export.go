package core

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Collections are the kinds of things that a user owns, in the order of an
// export.
type Collections []Collection

// Collection is one kind of thing, such as tasks.
type Collection struct {
	// Name is the member of the export that holds them.
	Name string
	From Exporter
}

// Exporter hands out what one module keeps of a user.
type Exporter interface {
	// Export calls yield with each thing that owner has, as the API shows it: a
	// JSON object, whose bytes are valid until yield returns. It stops at the
	// first error of yield and returns it.
	Export(ctx context.Context, owner uuid.UUID, yield func(object []byte) error) error
}

// Snapshots show everything as it was at one instant.
type Snapshots interface {
	// Snapshot runs fn once, in a unit of work that only reads.
	Snapshot(ctx context.Context, fn func(ctx context.Context) error) error
}

// Exports hand out all that Docket keeps of a user.
type Exports struct {
	store       Store
	snapshots   Snapshots
	collections Collections
	now         func() time.Time
}

// NewExports returns Exports of collections.
func NewExports(store Store, snapshots Snapshots, collections Collections, now func() time.Time) *Exports {
	return &Exports{store: store, snapshots: snapshots, collections: collections, now: now}
}

// Sink takes an export as it comes.
type Sink interface {
	// Begin is told whose it is, and when it was begun.
	Begin(u User, at time.Time) error
	// Collection begins one kind of things.
	Collection(name string) error
	// Object is the next thing of that kind, a JSON object.
	Object(object []byte) error
}

// Prepare returns when an export that begins now begins, or [Erased]: what can
// be told to fail before the first byte of it is sent.
func (e *Exports) Prepare(ctx context.Context, owner uuid.UUID) (time.Time, error) {
	_, err := e.store.Get(ctx, owner)
	return e.now().UTC().Truncate(time.Microsecond), asErased(err)
}

// Export hands all that the user owns to sink, in the memory of one thing, as
// it was at one instant. It returns sink's first error as it is.
func (e *Exports) Export(ctx context.Context, owner uuid.UUID, at time.Time, sink Sink) error {
	return e.snapshots.Snapshot(ctx, func(ctx context.Context) error {
		u, err := e.store.Get(ctx, owner)
		if err != nil {
			return asErased(err)
		}
		if err := sink.Begin(u, at); err != nil {
			return err
		}
		for _, c := range e.collections {
			if err := sink.Collection(c.Name); err != nil {
				return err
			}
			if err := c.From.Export(ctx, owner, sink.Object); err != nil {
				return fmt.Errorf("export %s: %w", c.Name, err)
			}
		}
		return nil
	})
}
