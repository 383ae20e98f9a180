package rest

import (
	"context"
	"io"
	"time"

	"docket/modules/identity/internal/core"
	"docket/platform/httpx"
)

func (h handlers) export(r *httpx.Request) (httpx.Response, error) {
	owner := r.Owner()
	at, err := h.exports.Prepare(r.Context(), owner)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Download(httpx.Stream{
		Filename:    "docket-export-" + at.Format(time.DateOnly) + ".json",
		ContentType: "application/json; charset=utf-8",
		Write: func(ctx context.Context, w io.Writer) error {
			d := &document{w: w}
			if err := h.exports.Export(ctx, owner, at, d); err != nil {
				return err
			}
			return d.end()
		},
	}), nil
}

// document writes an export as one JSON object, with an array for each
// collection. It implements [core.Sink].
type document struct {
	w io.Writer
	// before is what comes before the next object of a collection, and after
	// what comes after the last.
	before, after string
}

// Begin implements [core.Sink].
func (d *document) Begin(u core.User, at time.Time) error {
	_, err := d.w.Write(begin(u, at, nil))
	return err
}

// begin appends the beginning of an object that goes on.
func begin(u core.User, at time.Time, dst []byte) []byte {
	begun := httpx.NewJSON(dst)
	begun.Instant("exported_at", at)
	open := begun.End()
	return view(u).AppendJSON(append(open[:len(open)-1], ",\n\"user\":"...))
}

// Collection implements [core.Sink].
func (d *document) Collection(name string) error {
	_, err := io.WriteString(d.w, d.after+",\n\""+name+"\":[")
	d.before, d.after = "\n", "\n]"
	return err
}

// Object implements [core.Sink].
func (d *document) Object(object []byte) error {
	if _, err := io.WriteString(d.w, d.before); err != nil {
		return err
	}
	d.before = ",\n"
	_, err := d.w.Write(object)
	return err
}

func (d *document) end() error {
	_, err := io.WriteString(d.w, d.after+"\n}\n")
	return err
}
