package postgres

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rowReader reads row after row into the same places. pgx looks up how to read
// a value for each column of each row, and goes by way of an interface or two:
// half of the time that a page of tasks takes. Here what tables are made of is
// read at once, and the rest as pgx does it.
type rowReader struct {
	rows   pgx.Rows
	into   []any
	fields []pgconn.FieldDescription
	plans  []pgtype.ScanPlan // of what pgx is to read, made when needed
	// texts are cut from larger pieces, that a page is not hundreds of small ones.
	texts strings.Builder
}

// How much text is kept in one piece, in bytes: the first is for a single row,
// each next one is twice as large.
const firstPiece, largestPiece = 256, 4 << 10

func newRowReader(rows pgx.Rows, into []any) *rowReader {
	return &rowReader{rows: rows, into: into}
}

// read reads the row that the last call of Next brought.
func (r *rowReader) read() error {
	if r.fields == nil {
		r.fields = r.rows.FieldDescriptions()
		if len(r.fields) != len(r.into) {
			return fmt.Errorf("a row of %d columns was to be read into %d places", len(r.fields), len(r.into))
		}
	}
	for i, value := range r.rows.RawValues() {
		if r.readKnown(&r.fields[i], value, r.into[i]) {
			continue
		}
		if err := r.readAny(i, value); err != nil {
			return pgx.ScanArgError{ColumnIndex: i, FieldName: r.fields[i].Name, Err: err}
		}
	}
	return nil
}

// readAny reads a value as pgx does.
func (r *rowReader) readAny(i int, value []byte) error {
	if r.plans == nil {
		r.plans = make([]pgtype.ScanPlan, len(r.fields))
	}
	if r.plans[i] == nil {
		r.plans[i] = r.rows.Conn().TypeMap().PlanScan(r.fields[i].DataTypeOID, r.fields[i].Format, r.into[i])
	}
	return r.plans[i].Scan(value, r.into[i])
}

// readKnown reads a value, nil for null, where its type and that of its place
// are common ones, and reports whether it did.
func (r *rowReader) readKnown(f *pgconn.FieldDescription, value []byte, into any) bool {
	switch f.DataTypeOID {
	case pgtype.TextOID:
		return r.readText(value, into)
	case pgtype.UUIDOID:
		return f.Format == pgx.BinaryFormatCode && readUUID(value, into)
	case pgtype.TimestamptzOID:
		return f.Format == pgx.BinaryFormatCode && readInstant(value, into)
	case pgtype.UUIDArrayOID:
		return f.Format == pgx.BinaryFormatCode && readUUIDs(value, into)
	case pgtype.Int2OID, pgtype.Int8OID:
		return f.Format == pgx.BinaryFormatCode && readInteger(value, into)
	default:
		return false
	}
}

// textPlace is where a text goes that is no string, or not always.
type textPlace interface {
	// put is given nil for null; r makes strings.
	put(value []byte, r *rowReader)
}

// TextOrNull is the place of a text, nil for null, among [Fields].
func TextOrNull[S ~string](into **S) any { return textOrNull[S]{into} }

type textOrNull[S ~string] struct{ into **S }

func (p textOrNull[S]) put(value []byte, r *rowReader) {
	if value == nil {
		*p.into = nil
		return
	}
	s := S(r.text(value))
	*p.into = &s
}

// readText reads a text, which has but one format.
func (r *rowReader) readText(value []byte, into any) bool {
	switch place := into.(type) {
	case *string:
		if value == nil {
			return false
		}
		*place = r.text(value)
	case **string:
		textOrNull[string]{place}.put(value, r)
	case textPlace:
		place.put(value, r)
	default:
		return false
	}
	return true
}

func (r *rowReader) text(value []byte) string {
	if r.texts.Cap()-r.texts.Len() < len(value) {
		size := max(min(2*r.texts.Cap(), largestPiece), firstPiece, len(value))
		r.texts = strings.Builder{}
		r.texts.Grow(size)
	}
	start := r.texts.Len()
	r.texts.Write(value)
	return r.texts.String()[start:]
}

func readInteger(value []byte, into any) bool {
	switch place := into.(type) {
	case *int16:
		if len(value) != 2 {
			return false
		}
		*place = int16(binary.BigEndian.Uint16(value)) //nolint:gosec // two's complement
	case *int64:
		if len(value) != 8 {
			return false
		}
		*place = int64(binary.BigEndian.Uint64(value)) //nolint:gosec // two's complement
	default:
		return false
	}
	return true
}

func readUUID(value []byte, into any) bool {
	switch place := into.(type) {
	case *uuid.UUID:
		if len(value) != len(place) {
			return false
		}
		*place = uuid.UUID(value)
	case **uuid.UUID:
		if value == nil {
			*place = nil
			return true
		}
		if len(value) != len(uuid.UUID{}) {
			return false
		}
		id := uuid.UUID(value)
		*place = &id
	default:
		return false
	}
	return true
}

// epoch is where PostgreSQL counts microseconds from.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()

// The counts that stand for the end and the beginning of time.
const endless, beginningless = 1<<63 - 1, -1 << 63

func readInstant(value []byte, into any) bool {
	if value == nil {
		place, ok := into.(**time.Time)
		if ok {
			*place = nil
		}
		return ok
	}
	if len(value) != 8 {
		return false
	}
	micros := int64(binary.BigEndian.Uint64(value)) //nolint:gosec // two's complement
	if micros == endless || micros == beginningless {
		return false
	}
	t := time.Unix(epoch+micros/1_000_000, micros%1_000_000*1_000).UTC()
	switch place := into.(type) {
	case *time.Time:
		*place = t
	case **time.Time:
		here := t // else it is allocated in both cases
		*place = &here
	default:
		return false
	}
	return true
}

// readUUIDs reads an array of one dimension without nulls: dimensions, whether
// there are nulls, the type of its elements, length and lower bound, and each
// element behind its length (array_send in PostgreSQL's
// src/backend/utils/adt/arrayfuncs.c).
func readUUIDs(value []byte, into any) bool {
	const head, bounds, element = 12, 8, 4 + len(uuid.UUID{})
	place, ok := into.(*[]uuid.UUID)
	if !ok || len(value) < head {
		return false
	}
	switch binary.BigEndian.Uint32(value) {
	case 0:
		*place = []uuid.UUID{}
		return true
	case 1:
	default:
		return false
	}
	if len(value) < head+bounds {
		return false
	}
	n := int(binary.BigEndian.Uint32(value[head:]))
	value = value[head+bounds:]
	if len(value) != n*element { // a null is shorter
		return false
	}
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.UUID(value[i*element+4:][:len(uuid.UUID{})])
	}
	*place = ids
	return true
}
