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
		"milk":             {{Text: "milk"}},
		"Buy  milk ":       {{Text: "Buy"}, {Text: "milk"}},
		"buy\u3000ミルク":     {{Text: "buy"}, {Text: "ミルク"}},
		`"oat milk" buy`:   {{Text: "oat milk", Whole: true}, {Text: "buy"}},
		`buy "oat milk"`:   {{Text: "buy"}, {Text: "oat milk", Whole: true}},
		`buy "oat mi`:      {{Text: "buy"}, {Text: "oat mi"}},
		`milk -oat`:        {{Text: "milk"}, {Text: "oat", Exclude: true}},
		`-"oat milk" buy`:  {{Text: "oat milk", Whole: true, Exclude: true}, {Text: "buy"}},
		`milk -`:           {{Text: "milk"}},
		`e-mail`:           {{Text: "e-mail"}},
		`a"b c"d`:          {{Text: "a"}, {Text: "b c", Whole: true}, {Text: "d"}},
		`--x`:              {{Text: "-x", Exclude: true}},
		`%_\ & | !a:* (b)`: {{Text: `%_\`}, {Text: "&"}, {Text: "|"}, {Text: "!a:*"}, {Text: "(b)"}},
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
