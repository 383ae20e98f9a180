package httpx

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"docket/platform/errs"
	"docket/platform/openapi"
)

// patched is what FuzzMergePatch changes.
type patched struct {
	Title   string      `json:"title"`
	Color   *string     `json:"color"`
	Project *uuid.UUID  `json:"project_id"`
	Tags    []uuid.UUID `json:"tag_ids"`
}

func beforePatch() patched {
	color, project := "#aabbcc", uuid.UUID{15: 1}
	return patched{Title: "milk", Color: &color, Project: &project, Tags: []uuid.UUID{{15: 2}, {15: 3}}}
}

// FuzzMergePatch holds a patch that is taken against MergePatch of RFC 7396,
// section 2: as it says for each member, or not taken.
func FuzzMergePatch(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"title":"tea"}`, `{"title":null}`, `{"color":null}`, `{"color":"#000000","project_id":null}`, `{"project_id":"0198C0DE-0000-7000-8000-00000000000a"}`,
		`{"tag_ids":[]}`, `{"tag_ids":null}`, `{"tag_ids":["0198c0de-0000-7000-8000-00000000000a"]}`, `{"tag_ids":{"0":"a"}}`, `{"title":{"a":null}}`, `{"title":[]}`,
		`{"color":"\u0000"}`, `{"\u0074itle":"tea"}`, `{"title":"a","title":"b"}`, `{"Title":"tea"}`, `null`, `[]`, `{"title":""}`, `{"title":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := ParseObject(body)
		if err != nil {
			return
		}
		got := beforePatch()
		as := ReadAs(func(s string) (string, error) { return s, nil }, openapi.String(0, 0))
		Text(o, "title", &got.Title, as)
		TextOrNull(o, "color", &got.Color, as)
		IDOrNull(o, "project_id", &got.Project, openapi.UUID())
		IDs(o, "tag_ids", &got.Tags, openapi.List(openapi.UUID(), 5))
		faults := o.Faults()
		if faults.Err() != nil {
			return
		}
		want := membersOf(t, beforePatch())
		patch := map[string]any{}
		if err := json.Unmarshal(body, &patch); err != nil {
			t.Fatal(err)
		}
		maps.Copy(want, patch) // a null member is one of null here, not absent
		if ids, ok := want["tag_ids"].([]any); ok {
			slices.SortFunc(ids, byText)
			want["tag_ids"] = lowered(t, ids)
		}
		if id, ok := want["project_id"].(string); ok {
			want["project_id"] = lowered(t, []any{id})[0]
		}
		slices.SortFunc(got.Tags, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		if diff := cmp.Diff(want, membersOf(t, got)); diff != "" {
			t.Fatalf("%s (-RFC 7396 +ours)\n%s", body, diff)
		}
	})
}

func membersOf(t *testing.T, p patched) map[string]any {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// lowered writes ids in the one form in which they are shown, in order.
func lowered(t *testing.T, ids []any) []any {
	t.Helper()
	out := make([]any, len(ids))
	for i, text := range ids {
		id, err := uuid.Parse(text.(string))
		if err != nil {
			t.Fatalf("%v was taken for a UUID", text)
		}
		out[i] = id.String()
	}
	slices.SortFunc(out, byText)
	return out
}

func byText(a, b any) int {
	if a.(string) < b.(string) {
		return -1
	}
	return 1
}

// FuzzIdempotencyKey: a key is taken as it is, or refused; it is never another
// than the one that was sent, nor is one of several chosen.
func FuzzIdempotencyKey(f *testing.F) {
	for _, seed := range []string{"", "k", "0198c0de-0000-7000-8000-00000000000a", " k", "a b", "é", "a,b", "\x7f", "\"quoted\"", string(make([]byte, 129))} {
		f.Add(seed, "", false)
		f.Add(seed, seed, true)
	}
	app := fiber.New(fiber.Config{Immutable: true})
	f.Fuzz(func(t *testing.T, key, second string, twice bool) {
		fctx := &fasthttp.RequestCtx{}
		fctx.Request.Header.SetMethod(fiber.MethodPost)
		c := app.AcquireCtx(fctx)
		defer app.ReleaseCtx(c)
		c.Request().Header.Add(headerIdempotencyKey, key)
		if twice {
			c.Request().Header.Add(headerIdempotencyKey, second)
		}
		r := &Request{c: c, route: &Route{Method: fiber.MethodPost}}
		got, err := r.idempotencyKey()
		if taken := !twice && visible(key, maxIdempotencyKey); taken != (err == nil) {
			t.Fatalf("%q, %q: %v", key, second, err)
		}
		if err == nil && got != key || err != nil && errs.KindOf(err) != errs.Malformed {
			t.Fatalf("%q, %q: %q, %v", key, second, got, err)
		}
	})
}
