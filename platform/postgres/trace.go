package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Statement is an SQL statement that has ended, or the wait for a connection
// before it.
type Statement struct {
	// Name is what the statement does and to which table, such as SELECT
	// tasks.
	Name string
	// SQL has $1 and so on for its values; "" for what is no statement.
	SQL          string
	Began, Ended time.Time
	Rows         int64 // that it returned or touched
	// State is PostgreSQL's code of what went wrong, "" where it said none. What
	// else it said may repeat values, and is left out.
	State  string
	Failed bool
}

// Tracer is told of statements. Its methods are called by many goroutines.
type Tracer interface {
	// Traced reports whether those of ctx are of interest.
	Traced(ctx context.Context) bool
	// Statement is called when one has ended.
	Statement(ctx context.Context, s Statement)
}

// noticeableWait is how long a connection must be waited for to be told of.
const noticeableWait = time.Millisecond

// tracing turns what pgx tells into [Statement]s. The statements of a batch go
// out together, and each is told of from then until its own answer was read:
// PostgreSQL does not say when it began with which.
//
// github.com/exaring/otelpgx, which does the same, writes PostgreSQL's messages
// into its spans, and they may repeat what a user wrote.
type tracing struct{ to Tracer }

type tracingKey struct{}

// begun is a statement, a batch, a copy or a wait that has begun.
type begun struct {
	name, sql string
	at        time.Time
}

func (t tracing) begin(ctx context.Context, name, sql string) context.Context {
	if !t.to.Traced(ctx) {
		return ctx
	}
	return context.WithValue(ctx, tracingKey{}, &begun{name: name, sql: sql, at: time.Now()})
}

func beginning(ctx context.Context) *begun {
	b, _ := ctx.Value(tracingKey{}).(*begun)
	return b
}

func (t tracing) end(ctx context.Context, b *begun, tag pgconn.CommandTag, err error) {
	if b == nil {
		return
	}
	s := Statement{Name: b.name, SQL: b.sql, Began: b.at, Ended: time.Now(), Rows: tag.RowsAffected()}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		s.Failed, s.State = true, sqlState(err)
	}
	if s.Name == "" {
		s.Name = summary(s.SQL)
	}
	t.to.Statement(ctx, s)
}

// TraceQueryStart implements [pgx.QueryTracer].
func (t tracing) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.begin(ctx, "", data.SQL)
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (t tracing) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	t.end(ctx, beginning(ctx), data.CommandTag, data.Err)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (t tracing) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.begin(ctx, "batch", "")
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (t tracing) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if b := beginning(ctx); b != nil {
		t.end(ctx, &begun{sql: data.SQL, at: b.at}, data.CommandTag, data.Err)
	}
}

// TraceBatchEnd implements [pgx.BatchTracer].
func (tracing) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart implements [pgx.CopyFromTracer].
func (t tracing) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	return t.begin(ctx, "COPY "+data.TableName.Sanitize(), "COPY "+data.TableName.Sanitize()+" FROM STDIN")
}

// TraceCopyFromEnd implements [pgx.CopyFromTracer].
func (t tracing) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	t.end(ctx, beginning(ctx), data.CommandTag, data.Err)
}

// TraceAcquireStart implements [pgxpool.AcquireTracer].
func (t tracing) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return t.begin(ctx, "wait for a connection", "")
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer].
func (t tracing) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if b := beginning(ctx); b != nil && time.Since(b.at) >= noticeableWait {
		t.end(ctx, b, pgconn.CommandTag{}, data.Err)
	}
}

// summary names a statement: what it does, and the table that comes first after
// FROM, INTO, UPDATE or JOIN. One that begins with WITH does what the first
// INSERT, UPDATE or DELETE in it does.
func summary(sql string) string {
	words := strings.Fields(strings.ToUpper(sql))
	if len(words) == 0 {
		return "statement"
	}
	verb, from := strings.Trim(words[0], "(;"), 0
	if verb == "WITH" {
		verb, from = change(words)
	}
	for i := from; i < len(words)-1; i++ {
		switch strings.Trim(words[i], "(,") {
		case "FROM", "INTO", "UPDATE", "JOIN":
			if table := strings.Trim(words[i+1], `",;()`); table != "" && table != "SELECT" {
				return verb + " " + strings.ToLower(table)
			}
		default:
		}
	}
	return verb
}

// change finds the first word that changes something, but for FOR UPDATE and DO
// UPDATE, which are parts of others.
func change(words []string) (verb string, at int) {
	for i, word := range words {
		switch word = strings.Trim(word, "("); word {
		case "INSERT", "UPDATE", "DELETE":
			if before := words[i-1]; before != "FOR" && before != "DO" {
				return word, i
			}
		default:
		}
	}
	return "SELECT", 0
}
