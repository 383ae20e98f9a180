package httpx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/errs"
)

const (
	// maxStreams bounds the streams that are being sent at once: each holds a
	// connection to the database for as long as its client takes to read.
	maxStreams = 3
	// streamRetryAfter is what a client is asked to wait where there are more.
	streamRetryAfter = 10 * time.Second
	// streamTimeout is the deadline of a stream, which a request's own would be
	// too short for.
	streamTimeout = 5 * time.Minute
	// stallTimeout bounds how long a client may take none of it.
	stallTimeout = 30 * time.Second
	// streamChunk is how many bytes are written at once.
	streamChunk = 32 << 10
)

// Stream is a document that is written while it is sent, of any length.
type Stream struct {
	// Filename is what a browser is told to save it as; ASCII without quotes.
	Filename    string
	ContentType string
	// Write writes the document. It runs when the handler has returned, with a
	// deadline of its own, which also ends when the client is gone. Where it
	// fails the connection is broken off, for the status has been sent: a
	// client never takes a part for the whole.
	Write func(ctx context.Context, w io.Writer) error
}

// Download answers 200 with a document to be saved as a file.
func Download(s Stream) Response { return Response{status: http.StatusOK, stream: &s} }

// streams are those being sent. At most one is a user's, or a single one could
// keep all others from theirs.
type streams struct {
	mu   sync.Mutex
	open map[uuid.UUID]context.CancelFunc
}

func newStreams() *streams { return &streams{open: map[uuid.UUID]context.CancelFunc{}} }

// begin lets a user's stream begin, which cancel breaks off. Each that began
// must end.
func (s *streams) begin(owner uuid.UUID, cancel context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, running := s.open[owner]
	if !running && len(s.open) < maxStreams {
		s.open[owner] = cancel
		return nil
	}
	busy := errs.New(errs.Unavailable, "too many downloads are being sent at the moment")
	if running { // which is the user's own doing: no fault of the server's to wake anybody for
		busy = errs.New(errs.RateLimited, "another download of yours is still being sent")
	}
	busy.RetryAfter = streamRetryAfter
	return busy
}

func (s *streams) end(owner uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, owner)
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// cancelAll breaks all of them off.
func (s *streams) cancelAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.open {
		cancel()
	}
}

// sendStream hands the server a body that is made as it is read. What belongs
// to the request is read here: its memory is another request's by the time the
// body is.
func (a *App) sendStream(r *Request, s *Stream) error {
	head := func() {
		r.c.Status(http.StatusOK)
		r.c.Set(fiber.HeaderContentType, s.ContentType)
		r.c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", s.Filename))
	}
	if r.c.Method() == fiber.MethodHead {
		head()
		return nil
	}
	owner := r.Owner()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), streamTimeout)
	if err := a.streams.begin(owner, cancel); err != nil {
		cancel()
		return err
	}
	head()
	body := &streamBody{ctx: ctx, cancel: cancel, write: s.Write, conn: r.c.Context().Conn()}
	body.end = func() { a.streams.end(owner) }
	r.c.Locals(localStream, body)
	r.c.Context().Response.ImmediateHeaderFlush = true
	r.c.Context().Response.SetBodyStream(body, -1)
	return nil
}

// streamOf is the body of the answer, if that is a stream.
func streamOf(c *fiber.Ctx) *streamBody {
	if !c.Response().IsBodyStream() {
		return nil
	}
	body, _ := c.Locals(localStream).(*streamBody)
	return body
}

// streamBody is the body of an answer, read by the server: its document is
// written by a goroutine of its own, which starts with the first read and ends
// before Close returns.
type streamBody struct {
	ctx    context.Context //nolint:containedctx // it lives as long as the stream, and Read takes none
	cancel context.CancelFunc
	write  func(ctx context.Context, w io.Writer) error
	conn   net.Conn
	// end is called at the end, then done, if any, with what became of it after
	// how many bytes.
	end  func()
	done func(sent int64, err error)

	pipe    *io.PipeReader
	writing chan error // what write returned
	sent    int64
	over    error // what the last read returned: io.EOF at the good end
	closing sync.Once
}

// start begins to write.
func (b *streamBody) start() {
	reader, writer := io.Pipe()
	b.pipe, b.writing = reader, make(chan error, 1)
	// Whoever waits for a client that does not read waits no longer.
	unblock := context.AfterFunc(b.ctx, func() { writer.CloseWithError(b.ctx.Err()) })
	go func() {
		defer unblock()
		err := b.run(writer)
		b.writing <- err
		writer.CloseWithError(err) // nil is io.EOF, the good end
	}()
}

func (b *streamBody) run(w io.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	buffered := bufio.NewWriterSize(w, streamChunk)
	if err := b.write(b.ctx, buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// Read implements [io.Reader]. Each read gives the client time anew to take
// what the one before it returned.
func (b *streamBody) Read(p []byte) (int, error) {
	if b.pipe == nil {
		b.start()
	}
	n, err := b.pipe.Read(p)
	b.sent += int64(n)
	if err != nil {
		b.over = err
		return n, err // the server looks for io.EOF itself
	}
	if err := b.conn.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return n, fmt.Errorf("bound the time of a client that stalls: %w", err)
	}
	return n, nil
}

var errClientGone = errors.New("the client did not take the whole of it")

// Close implements [io.Closer]: the server calls it at the end, whether it has
// sent all or the client is gone.
func (b *streamBody) Close() error {
	b.closing.Do(func() {
		var err error
		if b.pipe != nil {
			_ = b.pipe.CloseWithError(errClientGone) // documented never to fail
			b.cancel()
			err = <-b.writing
		}
		switch {
		case b.over == nil:
			err = errClientGone
		case errors.Is(err, io.ErrClosedPipe):
			err = b.over // the writer only knows that nobody reads any more
		}
		b.cancel()
		b.end()
		if b.done != nil {
			b.done(b.sent, err)
		}
	})
	return nil
}
