package httpx_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"docket/platform/httpx/httpxtest"
)

func TestBodyIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, contentType string }{
		"plain":            {`{"title":"milk"}`, "application/json"},
		"merge patch":      {`{"title":"milk"}`, "application/merge-patch+json"},
		"charset":          {`{"title":"milk"}`, "application/json; charset=utf-8"},
		"charset quoted":   {`{"title":"milk"}`, `application/json;charset="UTF-8"`},
		"type in capitals": {`{"title":"milk"}`, "Application/JSON"},
		"other parameter":  {`{"title":"milk"}`, "application/json; version=1"},
		"white space":      {" \t\r\n{ \"title\" :\n\"milk\" } \n", "application/json"},
		"escapes":          {`{"t\u0069tle":"\u006dilk"}`, "application/json"},
		"nulls and lists":  {`{"title":"milk","color":null,"project_id":null,"tag_ids":[]}`, "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := httpxtest.New(t, newNotes().routes())
			var got struct {
				ID, Title string
				Color     *string
				Project   *string  `json:"project_id"`
				Tags      []string `json:"tag_ids"`
			}
			r := app.As("ada").Do(t, "POST", base+"/notes", c.body, "Content-Type", c.contentType).Want(t, http.StatusCreated)
			r.Data(t, &got)
			if got.Title != "milk" || got.Color != nil || got.Project != nil || len(got.Tags) != 0 {
				t.Errorf("got %+v", got)
			}
			if want := base + "/notes/" + got.ID; r.Header.Get("Location") != want {
				t.Errorf("Location is %q, want %q", r.Header.Get("Location"), want)
			}
		})
	}
}

func TestBodyIsMalformed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"text":                         "title=milk",
		"one brace":                    "{",
		"cut in a string":              `{"title":"mil`,
		"cut after a name":             `{"title"`,
		"cut after a value":            `{"title":"milk"`,
		"cut in a list":                `{"tag_ids":[`,
		"no quotes":                    `{title:"milk"}`,
		"single quotes":                `{'title':'milk'}`,
		"trailing comma":               `{"title":"milk",}`,
		"comment":                      `{"title":"milk"} // mine`,
		"NaN":                          `{"title":NaN}`,
		"leading zero":                 `{"title":01}`,
		"capital True":                 `{"title":True}`,
		"raw line feed":                "{\"title\":\"mi\nlk\"}",
		"raw NUL":                      "{\"title\":\"mi\x00lk\"}",
		"NUL behind":                   "{\"title\":\"milk\"}\x00",
		"byte order mark":              "\ufeff{\"title\":\"milk\"}",
		"invalid escape":               `{"title":"\x41"}`,
		"invalid UTF-8":                "{\"title\":\"mi\xfflk\"}",
		"invalid UTF-8 in a name":      "{\"ti\xfftle\":\"milk\"}",
		"overlong UTF-8":               "{\"title\":\"\xc0\xaf\"}",
		"surrogate in UTF-8":           "{\"title\":\"\xed\xa0\x80\"}",
		"UTF-16":                       "\xff\xfe{\x00}\x00",
		"lone high surrogate":          `{"title":"\ud800"}`,
		"lone low surrogate":           `{"title":"\udc00"}`,
		"surrogates the wrong way":     `{"title":"\udc00\ud800"}`,
		"lone surrogate unknown field": `{"title":"milk","x":"\ud800"}`,
		"member twice":                 `{"title":"milk","title":"soap"}`,
		"member twice by escape":       `{"title":"milk","t\u0069tle":"soap"}`,
		"member twice inside":          `{"title":"milk","x":{"a":1,"a":2}}`,
		"second value":                 `{"title":"milk"}{"title":"soap"}`,
		"garbage behind":               `{"title":"milk"} x`,
		"bracket behind":               `{"title":"milk"}]`,
		"garbage behind an array":      `[] x`,
		"garbage behind null":          `null null`,
		"10,000 arrays":                `{"title":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		"10,000 objects":               strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat(`}`, 10_000),
		"10,000 arrays, cut":           strings.Repeat("[", 10_000),
		"a million brackets":           strings.Repeat("[", 1_000_000),
		"33 levels":                    strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33),
		"closers first":                strings.Repeat("]", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := newNotes()
			app := httpxtest.New(t, stored.routes())
			for _, call := range [][2]string{{"POST", base + "/notes"}, {"PUT", base + "/notes/" + httpxtest.ID(5).String()}} {
				app.As("ada").Do(t, call[0], call[1], body).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
			}
			if n := stored.count(); n != 0 {
				t.Errorf("%d notes were stored", n)
			}
		})
	}
}

func TestBodyNamesTheMemberThatStandsTwice(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	for body, want := range map[string]string{
		`{"title":"milk","title":"soap"}`:              "twice: title",
		`{"title":"milk","t\u0069tle":"soap"}`:         "twice: title",
		`{"title":"milk","x":[0,{"a":1,"b":2,"a":3}]}`: "twice: a in /x/1",
	} {
		failure := app.As("ada").Do(t, "POST", base+"/notes", body).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		if !strings.HasSuffix(failure.Message, want) {
			t.Errorf("%s: %s, want %s", body, failure.Message, want)
		}
	}
}

func TestBodyIsEmpty(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	for _, body := range []string{"", " \r\n\t"} {
		app.As("ada").Do(t, "POST", base+"/notes", body, "Content-Type", "application/json").
			WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
	}
}

func TestBodyIsInvalid(t *testing.T) {
	t.Parallel()
	const a, b = `"019ab000-0000-7000-8000-00000000000a"`, `"019ab000-0000-7000-8000-00000000000b"`
	for name, c := range map[string]struct {
		body   string
		faults []string
	}{
		"array":                        {`[]`, []string{" invalid_type"}},
		"array of objects":             {`[{"title":"milk"}]`, []string{" invalid_type"}},
		"string":                       {`"title"`, []string{" invalid_type"}},
		"number":                       {`12`, []string{" invalid_type"}},
		"null":                         {`null`, []string{" invalid_type"}},
		"boolean":                      {`true`, []string{" invalid_type"}},
		"required":                     {`{}`, []string{"title required"}},
		"null not allowed":             {`{"title":null}`, []string{"title null_not_allowed"}},
		"number for a string":          {`{"title":12}`, []string{"title invalid_type"}},
		"huge number for a string":     {`{"title":1e400}`, []string{"title invalid_type"}},
		"boolean for a string":         {`{"title":true}`, []string{"title invalid_type"}},
		"array for a string":           {`{"title":["milk"]}`, []string{"title invalid_type"}},
		"object for a string":          {`{"title":{"en":"milk"}}`, []string{"title invalid_type"}},
		"escaped NUL":                  {`{"title":"mi\u0000lk"}`, []string{"title invalid_format"}},
		"NUL in a UUID":                {`{"title":"milk","project_id":"019ab000-0000-7000-8000-00000000000\u0000"}`, []string{"project_id invalid_format"}},
		"too long":                     {`{"title":"eleven bytes"}`, []string{"title too_long"}},
		"number for a UUID":            {`{"title":"milk","project_id":7}`, []string{"project_id invalid_type"}},
		"UUID in braces":               {`{"title":"milk","project_id":"{019ab000-0000-7000-8000-00000000000a}"}`, []string{"project_id invalid_format"}},
		"UUID without dashes":          {`{"title":"milk","project_id":"019ab000000070008000000000000000"}`, []string{"project_id invalid_format"}},
		"null list":                    {`{"title":"milk","tag_ids":null}`, []string{"tag_ids null_not_allowed"}},
		"string for a list":            {`{"title":"milk","tag_ids":` + a + `}`, []string{"tag_ids invalid_type"}},
		"list too long":                {`{"title":"milk","tag_ids":["","","",""]}`, []string{"tag_ids too_many"}},
		"list of wrong things":         {`{"title":"milk","tag_ids":[null,1,"x"]}`, []string{"tag_ids[0] invalid_type", "tag_ids[1] invalid_type", "tag_ids[2] invalid_format"}},
		"list with repeats":            {`{"title":"milk","tag_ids":[` + a + `,` + b + `,` + a + `]}`, []string{"tag_ids[2] duplicate"}},
		"repeat in capitals":           {`{"title":"milk","tag_ids":[` + a + `,` + strings.ToUpper(a) + `]}`, []string{"tag_ids[1] duplicate"}},
		"read-only":                    {`{"title":"milk","id":` + a + `,"created_at":null}`, []string{"id read_only", "created_at read_only"}},
		"unknown":                      {`{"title":"milk","due":"x"}`, []string{"due unknown_field"}},
		"unknown null":                 {`{"title":"milk","due":null}`, []string{"due unknown_field"}},
		"letter case":                  {`{"Title":"milk"}`, []string{"title required", "Title unknown_field"}},
		"empty name":                   {`{"title":"milk","":1}`, []string{" unknown_field"}},
		"everything at once":           {`{"color":1,"project_id":"x","tag_ids":{},"id":1,"colour":2,"__proto__":{}}`, []string{"title required", "color invalid_type", "project_id invalid_format", "tag_ids invalid_type", "id read_only", "colour unknown_field", "__proto__ unknown_field"}},
		"32 levels, unknown":           {`{"title":"milk","x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, []string{"x unknown_field"}},
		"brackets inside a string":     {`{"title":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[[[[["}`, []string{"title too_long"}},
		"more than 100 members":        {manyMembers(101), []string{" too_many"}},
		"100 members, all unknown":     {manyMembers(100), append([]string{"title required"}, unknownMembers(100)...)},
		"long unknown name is clipped": {`{"title":"milk","` + strings.Repeat("é", 1000) + `":1}`, []string{strings.Repeat("é", 32) + "… unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := newNotes()
			app := httpxtest.New(t, stored.routes())
			app.As("ada").Do(t, "POST", base+"/notes", c.body).WantInvalid(t, c.faults...)
			if n := stored.count(); n != 0 {
				t.Errorf("%d notes were stored", n)
			}
		})
	}
}

func manyMembers(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"m%d":0`, i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func unknownMembers(n int) []string {
	faults := make([]string, n)
	for i := range faults {
		faults[i] = fmt.Sprintf("m%d unknown_field", i)
	}
	return faults
}

func TestUnknownFieldSuggestsTheOneMeant(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	for sent, meant := range map[string]string{"titel": "title", "projectId": "project_id", "tagIds": "tag_ids", "Color": "color"} {
		failure := app.As("ada").Do(t, "POST", base+"/notes", `{"title":"milk","`+sent+`":"x"}`).
			WantFailure(t, http.StatusUnprocessableEntity, "VALIDATION_FAILED")
		if got := failure.Details[0].Message; !strings.Contains(got, "did you mean "+meant+"?") {
			t.Errorf("%s: %q does not suggest %s", sent, got, meant)
		}
	}
}

func TestMergePatchLeavesAbsentAndClearsNull(t *testing.T) {
	t.Parallel()
	color, project := "red", httpxtest.ID(9)
	before := note{ID: httpxtest.ID(1), Title: "milk", Color: &color, Project: &project}
	app := httpxtest.New(t, newNotes(before).routes())
	path := base + "/notes/" + before.ID.String()
	type seen struct {
		ID, Title string
		Color     *string
		Project   *string  `json:"project_id"`
		Tags      []string `json:"tag_ids"`
	}
	var after seen
	app.As("ada").Do(t, "PATCH", path, `{}`).Want(t, http.StatusOK).Data(t, &after)
	if after.Title != "milk" || after.Color == nil || *after.Color != "red" || after.Project == nil {
		t.Errorf("an empty patch changed something: %+v", after)
	}
	after = seen{}
	app.As("ada").Do(t, "PATCH", path, `{"color":null}`, "Content-Type", "application/merge-patch+json").Want(t, http.StatusOK).Data(t, &after)
	if after.Title != "milk" || after.Color != nil || after.Project == nil {
		t.Errorf("null did not clear color alone: %+v", after)
	}
}

func TestMediaTypeIsRefused(t *testing.T) {
	t.Parallel()
	const body = `{"title":"milk"}`
	for _, contentType := range []string{
		"", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonp", "application/json-patch+json",
		"application/json; charset=latin1", "application/json; charset=", "application/json; charset=utf-16", "json", "application/",
		"application/json, text/plain", "*/*", "multipart/form-data", "multipart/form-data; boundary=x", ";", "application/json; charset=utf-8; charset=utf-16",
	} {
		t.Run(contentType, func(t *testing.T) {
			t.Parallel()
			stored := newNotes()
			app := httpxtest.New(t, stored.routes())
			app.As("ada").Do(t, "POST", base+"/notes", body, "Content-Type", contentType).
				WantFailure(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
			if n := stored.count(); n != 0 {
				t.Errorf("%d notes were stored", n)
			}
		})
	}
}

// A compressed body could unpack to any size, and the contract knows none.
func TestContentCodingIsRefused(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write([]byte(`{"title":"` + strings.Repeat("a", 8<<20) + `"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	app := httpxtest.New(t, newNotes().routes())
	for _, coding := range []string{"gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "nonsense"} {
		r := app.As("ada").Do(t, "POST", base+"/notes", bomb.String(), "Content-Encoding", coding)
		r.WantFailure(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("%s: Accept-Encoding is %q, want identity", coding, got)
		}
	}
	app.As("ada").Do(t, "POST", base+"/notes", `{"title":"milk"}`, "Content-Encoding", "identity").Want(t, http.StatusCreated)
}

// A route that takes no body takes an empty one, and drops none silently.
func TestStrayBodies(t *testing.T) {
	t.Parallel()
	stored := note{ID: httpxtest.ID(1)}
	for body, want := range map[string]int{
		"": http.StatusNoContent, "null": http.StatusNoContent, "{}": http.StatusNoContent, " \n": http.StatusNoContent,
		`{"dry_run":true}`: http.StatusUnprocessableEntity, "[]": http.StatusUnprocessableEntity, "garbage": http.StatusBadRequest,
	} {
		app := httpxtest.New(t, newNotes(stored).routes())
		if r := app.As("ada").Do(t, "DELETE", base+"/notes/"+stored.ID.String(), body); r.Status != want {
			t.Errorf("DELETE with %q: %d %s, want %d", body, r.Status, r.Body, want)
		}
	}
}
