package postgres

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// uuidCodec reads and writes uuid.UUID as its sixteen bytes. Behind
// [pgxuuid.Register] alone pgx finds sql.Scanner first and reads text, and the
// elements of an array still go by the codec that was there before.
type uuidCodec struct{ pgxuuid.UUIDCodec }

// PlanScan implements [pgtype.Codec].
func (c uuidCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if format == pgtype.BinaryFormatCode {
		switch target.(type) {
		case *uuid.UUID:
			return scanUUID{}
		case **uuid.UUID:
			return scanUUIDOrNull{}
		default:
		}
	}
	return c.UUIDCodec.PlanScan(m, oid, format, target)
}

// PlanEncode implements [pgtype.Codec].
func (c uuidCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.(uuid.UUID); ok && format == pgtype.BinaryFormatCode {
		return encodeUUID{}
	}
	return c.UUIDCodec.PlanEncode(m, oid, format, value)
}

type scanUUID struct{}

// Scan implements [pgtype.ScanPlan].
func (scanUUID) Scan(src []byte, dst any) error {
	to, ok := dst.(*uuid.UUID)
	if !ok || len(src) != len(to) {
		return fmt.Errorf("read a UUID of %d bytes into %T", len(src), dst)
	}
	copy(to[:], src)
	return nil
}

type scanUUIDOrNull struct{}

// Scan implements [pgtype.ScanPlan].
func (scanUUIDOrNull) Scan(src []byte, dst any) error {
	to, ok := dst.(**uuid.UUID)
	if !ok {
		return fmt.Errorf("read a UUID into %T", dst)
	}
	if src == nil {
		*to = nil
		return nil
	}
	*to = new(uuid.UUID)
	return scanUUID{}.Scan(src, *to)
}

type encodeUUID struct{}

// Encode implements [pgtype.EncodePlan].
func (encodeUUID) Encode(value any, buf []byte) ([]byte, error) {
	id, ok := value.(uuid.UUID)
	if !ok {
		return nil, fmt.Errorf("write a %T as a UUID", value)
	}
	return append(buf, id[:]...), nil
}

// registerUUID makes m use [uuidCodec], also for the elements of arrays.
func registerUUID(m *pgtype.Map) {
	pgxuuid.Register(m)
	element := &pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}}
	m.RegisterType(element)
	m.RegisterType(&pgtype.Type{Name: "_uuid", OID: pgtype.UUIDArrayOID, Codec: &pgtype.ArrayCodec{ElementType: element}})
}
