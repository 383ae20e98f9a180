package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"docket/modules/task/internal/core"
	"docket/platform/fold"
)

// finds reports whether a search finds the only task there is.
func (w world) finds(t *testing.T, q string, sort core.SortField) bool {
	t.Helper()
	return len(w.search(t, core.Query{Sort: sort, Limit: 5, Filter: core.Filter{Search: searchFor(t, q)}})) > 0
}

// A phrase is found wherever it stands, however often its words come.
func TestPhrasesInLongTexts(t *testing.T) {
	t.Parallel()
	han := make([]rune, core.MaxDescription)
	for i := range han {
		han[i] = []rune("这是我的书")[i%5]
	}
	for what, c := range map[string]struct {
		title, text   string
		found, others []string
	}{
		"characters":          {"zh", strings.Repeat("这是我的书。", 300) + "那是你的猫", []string{"你的猫", "是你的猫", "我的书", "书那", "书这是我"}, []string{"我的猫", "猫的", "你的书"}},
		"an ending":           {"the", strings.Repeat("the cat sat. ", 300) + " the zebra end", []string{`"the zebra"`, `"the zebra end"`, `"the zeb`, `"sat the zebra"`, `"sat the cat"`, `zebra -"zebra the"`}, []string{`"cat zebra"`, `"cat sat zebra"`, `"the cat zebra"`, `"the zeb"`, `the -"the zebra"`, `-"the zebra"`}},
		"many":                {"go", strings.Repeat("go ", 260) + "go home", []string{`"go home"`, `"go ho`, `"go go home"`}, []string{`"home go"`, `"go ho"`}},
		"256":                 {"x", strings.Repeat("go ", 254) + "go home", []string{`"go home"`}, nil},
		"257":                 {"x", strings.Repeat("go ", 255) + "go home", []string{`"go home"`}, nil},
		"258":                 {"x", strings.Repeat("go ", 256) + "go home", []string{`"go home"`}, nil},
		"a pattern":           {"x", string(han), []string{"书这", "的书这是", `"我的"`}, []string{"书是", "这这"}},
		"letters":             {"x", strings.Repeat("a b ", core.MaxDescription/4-2) + "a b c", []string{`"a b c"`, `"b a b c"`, `"a b a"`}, []string{`"a a"`, `"b b"`, `"b c a"`}},
		"the end of a text":   {strings.Repeat("日", core.MaxTitle), strings.Repeat("本", core.MaxDescription-6) + "end of", []string{"end", "of", "本 o", `"end of"`, `"本 本"`, `"本 end of"`, `"日 日"`, `"end o`, "本本本en"}, []string{"EN -of", "end -end", `"end 本"`, `"日 end"`, `"日 本"`, `"of end"`}},
		"a word of its own":   {"x", strings.Repeat("本 ", core.MaxDescription/2-3) + "ending", []string{`"本 end`, `"本 ending"`}, []string{`"本 end"`}},
		"beginnings":          {"x", strings.Repeat("ab ", 300) + "abc abd " + strings.Repeat("ab ", 300), []string{`"abc ab`, `"abc abd"`, `"abd ab"`}, []string{`"abd abc`, `"abc ab"`}},
		"ligatures":           {"x", strings.Repeat("㌖", core.MaxDescription), []string{"キロ", "ルキロ"}, []string{"ロキ"}},
		"ligatures and words": {"x", joinedBy("ﷺ", core.MaxDescription/2), []string{"عليه", `"الله عليه"`}, []string{`"عليه الله"`}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			x := task(1, core.Title(c.title))
			x.Description = new(core.Description(c.text))
			w.insert(t, w.ada, x)
			for _, sort := range []core.SortField{core.SortRank, core.SortCreatedAt} {
				for _, q := range c.found {
					if !w.finds(t, q, sort) {
						t.Errorf("%s does not find it, by %s", q, sort)
					}
				}
				for _, q := range c.others {
					if w.finds(t, q, sort) {
						t.Errorf("%s finds it, by %s", q, sort)
					}
				}
			}
		})
	}
}

// joinedBy are n letters, all different, with the same behind each.
func joinedBy(behind string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0xac00 + i)) // the syllables of Hangul
		b.WriteString(behind)
	}
	return b.String()
}

// Phrases are found exactly where the words of a text say so, whatever the text
// and the phrase.
func TestPhrasesAgreeWithTheWords(t *testing.T) {
	t.Parallel()
	const seed = 3
	random := rand.New(rand.NewPCG(seed, seed))
	for round := range 6 {
		w := newWorld(t)
		alphabet := []string{"a ", "ab ", "b ", "日", "本", "c-", "E "}[:2+round]
		if round == 5 { // more words than a tsvector has positions
			alphabet = []string{"日", "本", "語"}
		}
		text := func(characters int) string {
			var b strings.Builder
			for range characters { // one for each at least
				b.WriteString(alphabet[min(random.IntN(len(alphabet)), random.IntN(len(alphabet)))])
			}
			return string([]rune(b.String())[:characters])
		}
		x := task(1, core.Title("x"+text(core.MaxTitle/2)))
		long := text([]int{600, 1500, 5000, 12000, core.MaxDescription, core.MaxDescription}[round])
		x.Description = new(core.Description(long))
		w.insert(t, w.ada, x)
		bodies := [][]string{slices.Collect(fold.Words(string(x.Title))), slices.Collect(fold.Words(long))}
		found := 0
		for range 150 {
			phrase := slices.Collect(fold.Words(text(3 + random.IntN(14))))
			if body := bodies[random.IntN(2)]; random.IntN(2) == 0 {
				at := len(body) - 2 - random.IntN(len(body)-2)
				if random.IntN(2) == 0 { // far back
					at = len(body) - 2 - random.IntN(min(len(body)-2, 200))
				}
				phrase = slices.Clone(body[at:min(len(body), at+2+random.IntN(14))])
			}
			if len(phrase) < 2 {
				continue
			}
			open := random.IntN(3) == 0
			want := standsIn(bodies, phrase, open)
			q := `"` + strings.Join(phrase, " ")
			if !open {
				q += `"`
			}
			if got := w.finds(t, q, core.SortCreatedAt); got != want {
				t.Fatalf("seed %d, round %d: %s in %d words: found %t, want %t", seed, round, q, len(bodies[1]), got, want)
			}
			if want {
				found++
			}
		}
		if found < 30 {
			t.Errorf("round %d: only %d phrases stand in the text", round, found)
		}
	}
}

// standsIn reports whether one of bodies has the words of phrase in a row, of
// which the last may go on if open.
func standsIn(bodies [][]string, phrase []string, open bool) bool {
	last := len(phrase) - 1
	for _, body := range bodies {
		for at := range len(body) - last {
			row := body[at : at+len(phrase)]
			if slices.Equal(row[:last], phrase[:last]) && (row[last] == phrase[last] || open && strings.HasPrefix(row[last], phrase[last])) {
				return true
			}
		}
	}
	return false
}

// A task of many different characters, each of which stands in many pairs.
func TestSearchTakesManyPairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b strings.Builder
	for n := range core.MaxDescription / 2 {
		fmt.Fprintf(&b, "的%c", rune(0x20000+n))
	}
	x := task(1, "x")
	x.Description = new(core.Description(b.String()))
	w.insert(t, w.ada, x)
	last := string(rune(0x20000 + core.MaxDescription/2 - 1))
	if !w.finds(t, "的"+last, core.SortRank) || w.finds(t, last+"的", core.SortRank) {
		t.Error("the last character and the one before it are not found as they stand")
	}
}
