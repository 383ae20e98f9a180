package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"docket/platform/statement"
)

// capture has Docket do each operation once, with row-level security off, and
// writes down what it sends to PostgreSQL for it.
func (g *ground) capture(ctx context.Context) (script statement.Script, err error) {
	w, through, err := tap(ctx, g.url)
	if err != nil {
		return nil, err
	}
	server, err := g.serve(ctx, "tapped", through, "DOCKET_DATABASE_ROW_SECURITY=off")
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, server.stop(), w.close())
	}()
	err = g.connected(ctx, func(conn *pgx.Conn) (err error) {
		script, err = g.listen(ctx, conn, w, server.api)
		return err
	})
	return script, err
}

// listen does each operation at api and returns what w heard of it.
func (g *ground) listen(ctx context.Context, conn *pgx.Conn, w *wiretap, api string) (statement.Script, error) {
	script, who := statement.Script{}, g.users[0]
	for _, op := range statement.Operations() {
		var id string
		var err error
		for try := range 2 { // the first time it may also look up who asks
			w.take()
			if id, err = g.act(ctx, api, who, op, try); err != nil {
				return nil, fmt.Errorf("%s: %w", op, err)
			}
		}
		v := values{owner: who.Owner, id: id}
		if v.revision, err = revisionOf(ctx, conn, who.Owner, id, op); err != nil {
			return nil, err
		}
		for _, h := range w.take() {
			s, err := v.read(ctx, conn, h)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", op, err)
			}
			if slices.ContainsFunc(s.Params, func(p statement.Param) bool { return p.Role == statement.Owner }) { // not what goes on in the background
				script[op] = append(script[op], s)
			}
		}
		if len(script[op]) == 0 {
			return nil, fmt.Errorf("%s: %w", op, errUnheard)
		}
	}
	return script, nil
}

// revisionOf returns the revision that an update left behind, 0 after anything
// else.
func revisionOf(ctx context.Context, conn *pgx.Conn, owner, id string, op statement.Operation) (int64, error) {
	if op != statement.Update {
		return 0, nil
	}
	var revision int64
	if err := conn.QueryRow(ctx, taskRevision, owner, id).Scan(&revision); err != nil {
		return 0, fmt.Errorf("read the revision of the task: %w", err)
	}
	return revision, nil
}

// values are those by which the roles of a statement's parameters are known.
type values struct {
	owner, id string
	revision  int64
}

// recent is how long ago an instant may be that is the time of the request.
const recent = 10 * time.Second

// read makes a statement of what was heard.
func (v values) read(ctx context.Context, conn *pgx.Conn, h heard) (statement.Statement, error) {
	s := statement.Statement{SQL: h.sql}
	described, err := conn.Prepare(ctx, "", h.sql)
	if err != nil {
		return s, fmt.Errorf("describe a statement: %w", err)
	}
	if len(described.ParamOIDs) != len(h.values) {
		return s, fmt.Errorf("a statement of %d values was sent %d", len(described.ParamOIDs), len(h.values))
	}
	for i, oid := range described.ParamOIDs {
		p := statement.Param{OID: oid}
		if h.values[i] != nil {
			text, err := asText(conn.TypeMap(), oid, h.format(i), h.values[i])
			if err != nil {
				return s, fmt.Errorf("read $%d: %w", i+1, err)
			}
			p.Text = &text
			p.Role = v.role(oid, text)
		}
		s.Params = append(s.Params, p)
	}
	return s, nil
}

// asText turns a value as it was sent into text as PostgreSQL reads it.
func asText(types *pgtype.Map, oid uint32, format int16, value []byte) (string, error) {
	if format == pgx.TextFormatCode {
		return string(value), nil
	}
	t, ok := types.TypeForOID(oid)
	if !ok {
		return "", fmt.Errorf("nothing is known of the type %d", oid)
	}
	decoded, err := t.Codec.DecodeValue(types, oid, format, value)
	if err != nil {
		return "", fmt.Errorf("decode a value: %w", err)
	}
	text, err := types.Encode(oid, pgx.TextFormatCode, decoded, nil)
	if err != nil {
		return "", fmt.Errorf("encode a value: %w", err)
	}
	return string(text), nil
}

func (v values) role(oid uint32, text string) statement.Role {
	switch {
	case oid == pgtype.UUIDOID && text == v.owner:
		return statement.Owner
	case oid == pgtype.UUIDOID && text == v.id:
		return statement.ID
	case (oid == pgtype.Int8OID || oid == pgtype.Int4OID) && v.revision > 0 && text == strconv.FormatInt(v.revision, 10):
		return statement.Revision
	case oid == pgtype.TimestamptzOID && isRecent(text):
		return statement.Now
	case strings.Contains(text, statement.Mark):
		return statement.Marked
	default:
		return statement.Constant
	}
}

func isRecent(text string) bool {
	at, err := time.Parse("2006-01-02 15:04:05.999999999Z07:00:00", text)
	if err != nil {
		at, err = time.Parse("2006-01-02 15:04:05.999999Z07", text)
	}
	return err == nil && time.Since(at).Abs() < recent
}
