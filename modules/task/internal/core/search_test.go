package core_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/modules/task/internal/core"
)

func TestParseSearch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]core.Search{
		"":                 {},
		" \t ":             {},
		"-":                {},
		`""`:               {},
		`"`:                {},
		"milk":             {{Text: "milk", Prefix: true}},
		"Buy  milk ":       {{Text: "Buy"}, {Text: "milk", Prefix: true}},
		"buy\u3000ミルク":     {{Text: "buy"}, {Text: "ミルク", Prefix: true}},
		`"oat milk" buy`:   {{Text: "oat milk"}, {Text: "buy", Prefix: true}},
		`buy "oat milk"`:   {{Text: "buy"}, {Text: "oat milk"}},
		`buy "oat mi`:      {{Text: "buy"}, {Text: "oat mi", Prefix: true}},
		`milk -oat`:        {{Text: "milk"}, {Text: "oat", Exclude: true}},
		`-"oat milk" buy`:  {{Text: "oat milk", Exclude: true}, {Text: "buy", Prefix: true}},
		`milk -`:           {{Text: "milk"}},
		`e-mail`:           {{Text: "e-mail", Prefix: true}},
		`a"b c"d`:          {{Text: "a"}, {Text: "b c"}, {Text: "d", Prefix: true}},
		`--x`:              {{Text: "-x", Exclude: true}},
		`%_\ & | !a:* (b)`: {{Text: `%_\`}, {Text: "&"}, {Text: "|"}, {Text: "!a:*"}, {Text: "(b)", Prefix: true}},
	} {
		got, err := core.ParseSearch(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for length, refused := range map[int]bool{core.MaxSearch: false, core.MaxSearch + 1: true} {
		if _, err := core.ParseSearch(strings.Repeat("é", length)); (err != nil) != refused {
			t.Errorf("%d characters: %v", length, err)
		}
	}
}
