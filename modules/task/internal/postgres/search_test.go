package postgres_test

import (
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"docket/modules/task/internal/core"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	titles := []core.Title{
		"Buy oat milk", "Milk the cow", "Crème brûlée", "CRE\u0300ME fraîche", "E-mail a.b@example.com", "50% off & more | less",
		"日本語のテスト", "東京へ行く", "Straße fegen", "Łódź trip", "Party 🎉", "Don't panic", `C:\temp\new`, "회의 준비하기", "nothing else",
	}
	for i, title := range titles {
		w.insert(t, w.ada, task(uint64(i+1), title))
	}
	described := task(100, "described")
	described.Description = new(core.Description("# Shopping\n- **oat** flakes\n- milk, cold\n- the milkman"))
	w.insert(t, w.ada, described)
	w.insert(t, w.bob, task(1, "Bob's oat milk"))
	for q, want := range map[string][]core.Title{
		"milk":             {"Buy oat milk", "Milk the cow", "described"},
		"MIL":              {"Buy oat milk", "Milk the cow", "described"},
		"mil oat":          nil, // only the last word may go on
		"oat mil":          {"Buy oat milk", "described"},
		"milk -cow":        {"Buy oat milk", "described"},
		"mil -cow":         {"Buy oat milk", "described"},
		"mil -":            {"Buy oat milk", "Milk the cow", "described"},
		"mil &":            {"Buy oat milk", "Milk the cow", "described"},
		"-cow mil !":       {"Buy oat milk", "described"},
		`mil "`:            {"Buy oat milk", "Milk the cow", "described"},
		`mil ""`:           {"Buy oat milk", "Milk the cow", "described"},
		`mil "&"`:          {"Buy oat milk", "Milk the cow", "described"},
		`mil "the"`:        nil, // what is quoted is over, and what comes before it
		`"oat mil" -`:      nil,
		"-mil":             {"Crème brûlée", "CRE\u0300ME fraîche", "E-mail a.b@example.com", "50% off & more | less", "日本語のテスト", "東京へ行く", "Straße fegen", "Łódź trip", "Party 🎉", "Don't panic", `C:\temp\new`, "회의 준비하기", "nothing else", "Buy oat milk", "Milk the cow", "described"},
		"-milk -e -oat -a": {"Crème brûlée", "CRE\u0300ME fraîche", "50% off & more | less", "日本語のテスト", "東京へ行く", "Straße fegen", "Łódź trip", "Party 🎉", "Don't panic", `C:\temp\new`, "회의 준비하기", "nothing else"},
		`"oat milk"`:       {"Buy oat milk"},
		`"milk oat"`:       nil,
		`"oat mil"`:        nil,
		`"oat mil`:         {"Buy oat milk"},
		`-"oat milk" milk`: {"Milk the cow", "described"},
		"described shop":   {"described"},
		`"described shop`:  nil, // no phrase reaches from the title into the description
		"creme":            {"Crème brûlée", "CRE\u0300ME fraîche"},
		"CRÈME BRU":        {"Crème brûlée"},
		"cre\u0300me f":    {"CRE\u0300ME fraîche"},
		"email":            nil,
		"e-mail":           {"E-mail a.b@example.com"},
		"mail-e":           nil,
		"a.b@exam":         {"E-mail a.b@example.com"},
		"本語":               {"日本語のテスト"},
		"語本":               nil,
		"東京":               {"東京へ行く"},
		"strasse":          {"Straße fegen"},
		"lodz":             {"Łódź trip"},
		"🎉":                {"Party 🎉"},
		"don't":            {"Don't panic"},
		`c:\temp`:          {`C:\temp\new`},
		"회의":               {"회의 준비하기"},
		"준비":               {"회의 준비하기"},
		"50%":              {"50% off & more | less"},
		"off & more":       {"50% off & more | less"},
		"%":                nil,
		"_ \\ '":           nil,
		"- -":              nil,
		"milkmaid":         nil,
		"bob":              nil,
	} {
		got := w.search(t, core.Query{Sort: core.SortCreatedAt, Limit: 200, Filter: core.Filter{Search: searchFor(t, q)}})
		slices.Sort(got)
		slices.Sort(want)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", q, diff)
		}
	}
}

func (w world) search(t *testing.T, q core.Query) []core.Title {
	t.Helper()
	var titles []core.Title
	for _, x := range w.walk(t, q) {
		titles = append(titles, x.Title)
	}
	return titles
}

// Whatever is typed is a search, never an error.
func TestAnyTextCanBeSearchedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insert(t, w.ada, task(1, "Buy milk"))
	for _, text := range []string{
		"'", "''", `\`, `\'`, "'milk", "milk:*", "milk & | ! ()", "!milk", "<->", "a <2> b", "milk:AB", "((", "%s", "$1", "?", "??", "--", "/*", "\u0301", "\u200b", "\ufeff", "ﷺ", "a\u0300\u0301\u0302", "👩‍👩‍👧", "𝔘𝔫𝔦", strings.Repeat("x ", 100), strings.Repeat("日", core.MaxSearch), strings.Repeat("\"a\" ", 50),
	} {
		for _, sort := range []core.SortField{core.SortRank, core.SortDue, core.SortTitle} {
			if _, _, err := w.List(t.Context(), w.ada, core.Query{Sort: sort, Limit: 5, Filter: core.Filter{Search: searchFor(t, text)}}); err != nil {
				t.Errorf("%q by %s: %v", text, sort, err)
			}
		}
	}
}

// What matches best comes first, and page by page nothing is lost.
func TestSearchRanks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inText := task(1, "groceries")
	inText.Description = new(core.Description("milk"))
	twice := task(2, "milk, more milk")
	w.insert(t, w.ada, inText, twice)
	for n := range uint64(20) {
		w.insert(t, w.ada, task(n+10, "milk"))
	}
	want := []core.Title{"milk, more milk"}
	for range 20 {
		want = append(want, "milk")
	}
	want = append(want, "groceries")
	for _, limit := range []int{1, 4, 200} {
		got := w.search(t, core.Query{Sort: core.SortRank, Limit: limit, Filter: core.Filter{Search: searchFor(t, "milk")}})
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%d at a time (-want +got):\n%s", limit, diff)
		}
	}
	q := core.Query{Sort: core.SortRank, Limit: 200, Filter: core.Filter{Search: searchFor(t, "milk"), Statuses: []core.Status{core.Done}}}
	if got := w.search(t, q); got != nil {
		t.Errorf("done are %v", got)
	}
	if list, _, err := w.List(t.Context(), w.ada, core.Query{Sort: core.SortRank, Limit: 5}); err == nil {
		t.Errorf("ranked without a search: %v", list)
	}
}

// A task is found by what it says now.
func TestSearchFollowsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := task(1, "Buy milk")
	w.insert(t, w.ada, x)
	find := func(text string, want ...core.Title) {
		t.Helper()
		got := w.search(t, core.Query{Sort: core.SortTitle, Limit: 5, Filter: core.Filter{Search: searchFor(t, text)}})
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	x.Title, x.Description, x.Revision = "Buy bread", new(core.Description("rye")), 2
	if err := w.Update(t.Context(), w.ada, anything, x); err != nil {
		t.Fatal(err)
	}
	find("milk")
	find("rye bread", "Buy bread")
	x.Status, x.CompletedAt, x.Revision = core.Done, new(noon), 3
	if err := w.Update(t.Context(), w.ada, anything, x); err != nil {
		t.Fatal(err)
	}
	find("rye", "Buy bread")
	if err := w.Delete(t.Context(), w.ada, x.ID); err != nil {
		t.Fatal(err)
	}
	find("rye")
}

// The longest texts there can be are kept and found.
func TestSearchTakesTheLongestTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var han strings.Builder
	for n := range core.MaxDescription {
		han.WriteRune(rune(0x4e00 + n))
	}
	for i, text := range []string{han.String(), strings.Repeat("a ", core.MaxDescription/2), strings.Repeat("ﷺ", core.MaxDescription), strings.Repeat("x", core.MaxDescription)} {
		x := task(uint64(i+1), core.Title(strings.Repeat("ﷺ", core.MaxTitle)))
		x.Description = new(core.Description(text))
		w.insert(t, w.ada, x)
	}
	if got := w.search(t, core.Query{Sort: core.SortTitle, Limit: 5, Filter: core.Filter{Search: searchFor(t, "丁七")}}); len(got) != 0 {
		t.Errorf("characters that are apart are found: %d", len(got))
	}
	if got := w.search(t, core.Query{Sort: core.SortTitle, Limit: 5, Filter: core.Filter{Search: searchFor(t, "一丁")}}); len(got) != 1 {
		t.Errorf("characters that follow each other are found %d times", len(got))
	}
}

func searchFor(t *testing.T, text string) core.Search {
	t.Helper()
	s, err := core.ParseSearch(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
