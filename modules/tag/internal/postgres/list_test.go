package postgres_test

import (
	"slices"
	"testing"

	"docket/modules/tag/internal/core"
)

func TestStoreFindsNamesThatContainText(t *testing.T) {
	t.Parallel()
	s, ada, bob := newStore(t)
	names := []core.Name{"Crème Brûlée", "STRASSE", "100 % _sure_ \\o/", "ﬁne", "Ｗｉｄｅ", "각하", "Ёлка", "שָׁלוֹם", "مُحَمَّد", "がく", "ΟΔΟΣ", "Łódź, Øre & Æsir"}
	for i, name := range names {
		insert(t, s, ada, tag(uint64(i+1), name))
	}
	insert(t, s, bob, tag(1, "creme"))
	for q, want := range map[string]core.Name{
		"creme": names[0], "CRÈME": names[0], "cre\u0300me": names[0], "brulee": names[0], "e b": names[0],
		"straße": names[1], "ASS": names[1],
		"%": names[2], "_": names[2], "\\": names[2], "% _s": names[2], "\\o/": names[2],
		"fine": names[3], "wide": names[4], "가": names[5], "каелка": "", "елка": names[6], "שלום": names[7], "محمد": names[8], "が": names[9], "οδός": names[10], "lodz": names[11], "øre": names[11], "ore": names[11], "aesir": names[11],
		"brulée!": "", "'; DROP TABLE tags; --": "", "%%": "", ".*": "",
	} {
		list, _, err := s.List(t.Context(), ada, core.Query{Contains: q, Sort: core.SortName, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []core.Name
		for _, g := range list {
			got = append(got, g.Name)
		}
		if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []core.Name{want}) {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
}
