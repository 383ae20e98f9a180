package httpx

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"docket/platform/errs"
	"docket/platform/idempotency"
)

const headerIdempotencyKey = "Idempotency-Key"

// maxIdempotencyKey bounds a key, in characters.
const maxIdempotencyKey = 128

// Replays makes sure that a write which is sent twice happens once.
type Replays interface {
	// Once serves the request and keeps its answer, or returns the answer that
	// it was given before; see [idempotency.Store.Once].
	Once(ctx context.Context, owner uuid.UUID, key string, fingerprint []byte, serve func(context.Context) (idempotency.Answer, error)) (answer idempotency.Answer, replayed bool, err error)
}

var errNoReplays = errors.New("a request carries an Idempotency-Key, and there is nowhere to keep its answer")

// idempotencyKey returns the key of a write, or "" where there is none. On a
// read it means nothing.
func (r *Request) idempotencyKey() (string, error) {
	keys := r.c.Request().Header.PeekAll(headerIdempotencyKey)
	if len(keys) == 0 || r.isRead() {
		return "", nil
	}
	key := string(keys[0])
	if len(keys) > 1 || !visible(key, maxIdempotencyKey) {
		return "", errs.New(errs.Malformed, "the Idempotency-Key must be one text of 1 to 128 visible ASCII characters")
	}
	return key, nil
}

// fingerprint tells one request from another under the same key.
func (r *Request) fingerprint() []byte {
	h := sha256.New()
	for _, part := range [][]byte{r.c.Request().Header.Method(), r.c.Request().Header.RequestURI(), r.c.Request().Body()} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return h.Sum(nil)
}

// serveOnce is serve for a write with an Idempotency-Key. A refusal is an
// answer like any other, kept and replayed; a fault of ours is not, and neither
// is one that asks to come back later, which would then never be served.
func (a *App) serveOnce(r *Request, key string) error {
	if a.Replays == nil {
		return errNoReplays
	}
	var refusal error
	answer, replayed, err := a.Replays.Once(r.ctx, r.Owner(), key, r.fingerprint(), func(ctx context.Context) (idempotency.Answer, error) {
		refusal = nil
		r.ctx = ctx
		answer, err := a.answer(r)
		if err == nil {
			return answer, nil
		}
		failed := renderFailure(err, a.requestID(r.c))
		if failed.Status >= http.StatusInternalServerError || failed.RetryAfter != "" {
			return idempotency.Answer{}, err
		}
		refusal = err
		return failed, nil
	})
	if err != nil {
		return err
	}
	if replayed {
		r.c.Set("Idempotent-Replayed", "true")
	} else if refusal != nil {
		r.c.Locals(localFailure, refusal)
		a.tellFailure(refusal)
	}
	return send(r.c, answer)
}
