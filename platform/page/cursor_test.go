package page_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/uuid"

	"docket/platform/page"
)

var (
	key   = bytes.Repeat([]byte{7}, page.KeySize)
	after = page.After{Key: "2026-11-23 04:00:00.123456+00", ID: uuid.MustParse("019ab000-0000-7000-8000-000000000001")}
)

func TestCursorComesBack(t *testing.T) {
	t.Parallel()
	for _, a := range []page.After{after, {ID: after.ID}, {Key: "é\x00 \"", ID: uuid.Max}} {
		got, err := page.NewCodec(key).Decode("scope", page.NewCodec(key).Encode("scope", a))
		if err != nil || got != a {
			t.Errorf("got %v, %v; want %v", got, err, a)
		}
	}
}

func TestCursorIsRefused(t *testing.T) {
	t.Parallel()
	codec := page.NewCodec(key)
	good := codec.Encode("scope", after)
	cases := map[string]struct{ scope, cursor string }{
		"another scope":  {"scope2", good},
		"another key":    {"scope", page.NewCodec(bytes.Repeat([]byte{8}, page.KeySize)).Encode("scope", after)},
		"not base64":     {"scope", "%%%"},
		"empty":          {"scope", ""},
		"cut short":      {"scope", good[:len(good)-4]},
		"too short":      {"scope", base64.RawURLEncoding.EncodeToString([]byte("abc"))},
		"loose encoding": {"scope", good + "="},
	}
	for name, c := range cases {
		if _, err := codec.Decode(c.scope, c.cursor); !errors.Is(err, page.ErrBadCursor) {
			t.Errorf("%s: got %v, want ErrBadCursor", name, err)
		}
	}
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	codec := page.NewCodec(key)
	raw, err := base64.RawURLEncoding.DecodeString(codec.Encode("scope", after))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		forged := bytes.Clone(raw)
		forged[i/8] ^= 1 << (i % 8)
		if _, err := codec.Decode("scope", base64.RawURLEncoding.EncodeToString(forged)); err == nil {
			t.Fatalf("a cursor with bit %d flipped was accepted", i)
		}
	}
}

func FuzzDecode(f *testing.F) {
	codec := page.NewCodec(key)
	f.Add("scope", codec.Encode("scope", after))
	f.Add("", "")
	f.Fuzz(func(t *testing.T, scope, cursor string) {
		a, err := codec.Decode(scope, cursor)
		if err == nil && codec.Encode(scope, a) != cursor {
			t.Errorf("%q was accepted but is not what Encode makes of %v", cursor, a)
		}
	})
}
