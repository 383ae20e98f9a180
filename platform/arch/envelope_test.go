package arch

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// envelopeFiles are the one place that writes the envelope of answers.
var envelopeFiles = []string{"platform/httpx/envelope.go", "platform/httpx/response.go"}

// envelopeMember is how the envelope shows in a string that writes it: as the
// beginning of JSON, as a tag of a struct, as a name on its own. A page that
// explains the envelope is not meant.
var envelopeMember = regexp.MustCompile(`^\s*\{?\s*"success"\s*:|\bjson:"success[",]|^success$`)

// envelopes looks for a second place that writes the envelope.
func envelopes(all []source) []breach {
	var found []breach
	for _, s := range all {
		if s.isTest() || slices.Contains(envelopeFiles, s.path) || slices.ContainsFunc(testSupport, s.under) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if value, err := strconv.Unquote(lit.Value); err == nil && envelopeMember.MatchString(value) {
				found = append(found, s.breach(lit.Pos(), "return an httpx.Response or an error from the handler; platform/httpx writes the envelope",
					"a second place writes the envelope: %s", lit.Value))
			}
			return true
		})
	}
	return found
}

func TestOnePlaceWritesTheEnvelope(t *testing.T) {
	t.Parallel()
	all := repository(t)
	none(t, envelopes(all))
	for _, p := range envelopeFiles {
		i := slices.IndexFunc(all, func(s source) bool { return s.path == p })
		if i < 0 {
			t.Errorf("%s is gone: where is the envelope written now?", p)
			continue
		}
		moved := all[i]
		moved.path = "platform/httpx/other.go"
		if envelopes([]source{moved}) == nil {
			t.Errorf("%s writes no envelope that the rule would see", p)
		}
	}
}

func TestEnvelopesRefuse(t *testing.T) {
	t.Parallel()
	found := envelopes(files{
		"modules/a/internal/rest/a.go": "package rest\n\nvar body = `{\"success\":true}`\n\ntype t struct {\n\tOK bool `json:\"success,omitempty\"`\n}\n\n" +
			"var m = map[string]any{\"success\": true}\n\nvar fine = \"a success\"\n\nvar page = `<p>It answers <code>{\"success\": true}</code></p>`\n",
		"cmd/docket/app.go":                  "package main\n\nconst body = \"{\\\"success\\\": false}\"\n",
		"platform/httpx/envelope.go":         "package httpx\n\nvar body = `{\"success\":true}`\n",
		"platform/httpx/httpxtest/client.go": "package httpxtest\n\nvar body = `{\"success\":true}`\n",
		"platform/httpx/a_test.go":           "package httpx\n\nvar body = `{\"success\":true}`\n",
	}.tree(t))
	planted(t, found,
		"modules/a/internal/rest/a.go:3: a second place writes the envelope", "modules/a/internal/rest/a.go:6: ", "modules/a/internal/rest/a.go:9: ",
		"cmd/docket/app.go:3: a second place writes the envelope: \"{\\\"success\\\": false}\"\n\tinstead: return an httpx.Response")
}
