package httpx

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"docket/platform/openapi"

	"docket/platform/errs"
)

// FuzzParseObject holds the reader of bodies against encoding/json: what that
// refuses is never accepted, what is accepted is text that can be stored, and
// what is refused is refused with a typed error.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"title":"milk","color":null,"project_id":"019ab000-0000-7000-8000-00000000000a","tag_ids":[]}`, `{"tag_ids":[1,null,"x"]}`,
		``, ` `, `null`, `[]`, `"a"`, `1e400`, `{"title":1`, `{"a":1,"a":2}`, `{"title":"\ud800"}`, "{\"title\":\"\xff\"}", `{"title":"\u0000"}`,
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, `{} x`, "\ufeff{}", `{"title":"\"[{"}`, `{"t\u0069tle":"a"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := ParseObject(body)
		if err != nil {
			if kind := errs.KindOf(err); kind != errs.Malformed && kind != errs.Invalid {
				t.Fatalf("refused as %v: %v", kind, err)
			}
			return
		}
		var plain map[string]json.RawMessage
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("accepted, though encoding/json says: %v", err)
		}
		if !utf8.Valid(body) {
			t.Fatal("accepted, though not UTF-8")
		}
		if len(plain) != len(o.members) {
			t.Fatalf("%d members, encoding/json finds %d", len(o.members), len(plain))
		}
		readEverything(t, o, plain)
	})
}

func readEverything(t *testing.T, o *Object, plain map[string]json.RawMessage) {
	t.Helper()
	var title string
	var color *string
	var project *uuid.UUID
	var tags []uuid.UUID
	as := ReadAs(func(s string) (string, error) { return s, nil }, openapi.String(0, 0))
	Text(o, "title", &title, as)
	TextOrNull(o, "color", &color, as)
	IDOrNull(o, "project_id", &project, openapi.UUID())
	IDs(o, "tag_ids", &tags, openapi.List(openapi.UUID(), 5))
	o.Require("title")
	o.ReadOnly("id")
	faults := o.Faults()
	if !utf8.ValidString(title) || strings.ContainsRune(title, 0) {
		t.Fatalf("title is %q, which cannot be stored", title)
	}
	for name := range plain {
		known := name == "title" || name == "color" || name == "project_id" || name == "tag_ids"
		if !known && !faults.Has(echo(name)) {
			t.Fatalf("%q was dropped in silence", name)
		}
	}
	if raw, ok := plain["title"]; ok && !faults.Has("title") {
		var want string
		if err := json.Unmarshal(raw, &want); err != nil || want != title {
			t.Fatalf("title is %q, encoding/json reads %q, %v", title, want, err)
		}
	}
	var invalid *errs.Error
	if err := faults.Err(); err != nil && (!errors.As(err, &invalid) || invalid.Kind != errs.Invalid) {
		t.Fatalf("faults are %v", err)
	}
}

// FuzzFailureEnvelope: whatever a message or a field's name holds, the envelope
// is JSON and has it.
func FuzzFailureEnvelope(f *testing.F) {
	f.Add("title", "must not be blank", "id")
	f.Add("\"\\\x00\u2028", "</script>\xff\xed\xa0\x80", "}{")
	f.Fuzz(func(t *testing.T, field, message, requestID string) {
		e := &errs.Error{Kind: errs.Invalid, Code: errs.CodeInvalid, Message: message, Details: []errs.Fault{{Field: field, Message: message}, {}}}
		var got struct {
			Success bool
			Error   struct {
				Message   string
				Details   []struct{ Field, Message string }
				RequestID string `json:"request_id"`
			}
		}
		text := appendFailure(nil, e, requestID, []byte(`{"a":1}`))
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		valid := func(s string) string { return strings.ToValidUTF8(string([]rune(s)), "\ufffd") }
		if got.Error.Message != valid(message) || got.Error.RequestID != valid(requestID) ||
			len(got.Error.Details) != 2 || got.Error.Details[0].Field != valid(field) {
			t.Fatalf("%q, %q, %q became %s", field, message, requestID, text)
		}
	})
}

func FuzzVisible(f *testing.F) {
	for _, seed := range []string{"", "abc", "a b", "é", strings.Repeat("x", 129), "\x7f", "\r\nSet-Cookie: a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		allVisible := strings.IndexFunc(id, func(r rune) bool { return r < '!' || r > '~' }) < 0
		if got, want := visible(id, maxRequestID), allVisible && id != "" && len(id) <= 128; got != want {
			t.Fatalf("%q: visible is %t", id, got)
		}
	})
}

func TestFrameworkErrors(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]errs.Code{
		404: errs.CodeNotFound, 405: errs.CodeMethodNotAllowed, 501: errs.CodeMethodNotAllowed, 413: errs.CodeTooLarge, 431: errs.CodeHeadersTooLarge,
		408: errs.CodeMalformed, 400: errs.CodeMalformed, 502: errs.CodeMalformed, 426: errs.CodeMalformed,
	} {
		e := explain(fiber.NewError(status, "the secret of the framework"))
		if e.Code != want || strings.Contains(e.Message, "secret") {
			t.Errorf("%d becomes %s %q, want %s", status, e.Code, e.Message, want)
		}
	}
}

// FuzzClientAddress: whatever X-Forwarded-For holds, an untrusted peer is the
// client, and what a trusted one says is an address that stands in it, to the
// right of which there are none but trusted ones.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{
		"", "203.0.113.7", "198.51.100.1, 203.0.113.7, 10.1.2.3", " , ,", "unknown, 10.1.2.3", "10.1.2.3", "[2001:db8::1]:80", "[::1", "::ffff:10.1.2.3",
		"fe80::1%eth0", "203.0.113.7:4711,10.0.0.1:1", "10.0.0.1, 1.2.3.4.5", "0x7f.1", "127.0.0.1\x00", strings.Repeat("10.0.0.1,", 500),
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	internal := netip.MustParsePrefix("10.0.0.0/8")
	f.Fuzz(func(t *testing.T, forwarded string, proxied bool) {
		peer := netip.MustParseAddr("192.0.2.1")
		if proxied {
			peer = netip.MustParseAddr("10.9.9.9")
		}
		got := clientAddress(peer, forwarded, internal.Contains)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q gives %v", forwarded, got)
		}
		if !proxied && got != peer {
			t.Fatalf("%q of an untrusted peer gives %v", forwarded, got)
		}
		if key := networkOf(got); key == "" || got.Is6() && !strings.HasSuffix(key, "/64") {
			t.Fatalf("%v is counted as %q", got, key)
		}
		hops := strings.Split(forwarded, ",")
		for i := len(hops) - 1; i >= 0 && proxied; i-- {
			hop, ok := parseHop(strings.TrimSpace(hops[i]))
			if ok && !internal.Contains(hop) && got != hop {
				t.Fatalf("%q gives %v, the nearest that is not trusted is %v", forwarded, got, hop)
			}
			if !ok || !internal.Contains(hop) {
				break
			}
		}
	})
}
