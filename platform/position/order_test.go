package position_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"docket/platform/position"
)

var wellFormed = func(key string) bool {
	if key == "" || key == "A"+strings.Repeat("0", 26) {
		return false
	}
	n := 0
	switch head := key[0]; {
	case head >= 'a' && head <= 'z':
		n = int(head-'a') + 1
	case head >= 'A' && head <= 'Z':
		n = int('Z'-head) + 1
	default:
		return false
	}
	alphanumeric := func(r rune) bool { return r < 0x80 && (r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') }
	return len(key) > n && strings.TrimFunc(key, alphanumeric) == "" && (len(key) == 1+n || !strings.HasSuffix(key, "0"))
}

// The keys that the rocicorp libraries make, from their own tests.
func TestBetweenIsWhatOtherLibrariesMake(t *testing.T) {
	t.Parallel()
	zeros, zs := strings.Repeat("0", 26), strings.Repeat("z", 26)
	for _, c := range []struct{ a, b, want string }{
		{"", "", "a0"},
		{"", "a0", "Zz"},
		{"", "Zz", "Zy"},
		{"a0", "", "a1"},
		{"a1", "", "a2"},
		{"a0", "a1", "a0V"},
		{"a1", "a2", "a1V"},
		{"a0V", "a1", "a0l"},
		{"Zz", "a0", "ZzV"},
		{"Zz", "a1", "a0"},
		{"", "Y00", "Xzzz"},
		{"bzz", "", "c000"},
		{"a0", "a0V", "a0G"},
		{"a0", "a0G", "a08"},
		{"b125", "b129", "b127"},
		{"a0", "a1V", "a1"},
		{"Zz", "a01", "a0"},
		{"", "a0V", "a0"},
		{"", "b999", "b99"},
		{"", "A" + zeros + "1", "A" + zeros + "0V"},
		{"z" + zs[:25] + "y", "", "z" + zs},
		{"z" + zs, "", "z" + zs + "V"},
		{"a1", "a101", "a1" + "00V"},
	} {
		if got, err := position.Between(c.a, c.b); err != nil || got != c.want {
			t.Errorf("between %q and %q: %q, %v; want %q", c.a, c.b, got, err, c.want)
		}
	}
}

func TestBetweenRefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	lowest := "A" + strings.Repeat("0", 26)
	for _, c := range []struct{ a, b string }{
		{"", lowest}, {lowest, ""}, {"a00", ""}, {"a00", "a1"}, {"0", "1"}, {"", "0"}, {"a", ""}, {"b1", ""}, {"a1", "a0"}, {"a1", "a1"},
		{"a1-", ""}, {"a1é", ""}, {"", "a\x00"}, {"[0", ""}, {"", "project 1"},
	} {
		if got, err := position.Between(c.a, c.b); !errors.Is(err, position.ErrInvalid) {
			t.Errorf("between %q and %q: %q, %v", c.a, c.b, got, err)
		}
		if got, err := position.Spread(c.a, c.b, 2); !errors.Is(err, position.ErrInvalid) {
			t.Errorf("two between %q and %q: %q, %v", c.a, c.b, got, err)
		}
	}
}

// wantBetween checks that keys are keys, and in order strictly between a and b.
func wantBetween(t *testing.T, a, b string, keys ...string) {
	t.Helper()
	last := a
	for _, k := range append(slices.Clone(keys), b) {
		if k == b && b == "" {
			return
		}
		if !wellFormed(k) || k <= last {
			t.Fatalf("between %q and %q: %q: %q is no key behind %q", a, b, keys, k, last)
		}
		last = k
	}
}

func TestBetweenInAnyGap(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	keys := []string{}
	for range 3000 {
		i := random.IntN(len(keys) + 1)
		low, high := "", ""
		if i > 0 {
			low = keys[i-1]
		}
		if i < len(keys) {
			high = keys[i]
		}
		k, err := position.Between(low, high)
		if err != nil {
			t.Fatal(err)
		}
		wantBetween(t, low, high, k)
		if len(k) > position.MaxLength {
			t.Fatalf("random insertion came to %q", k)
		}
		keys = slices.Insert(keys, i, k)
	}
}

func TestBetweenGrowsSlowly(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(low, high *string, k string){
		"from the left":  func(low, _ *string, k string) { *low = k },
		"from the right": func(_, high *string, k string) { *high = k },
	} {
		low, high := "a0", "a1"
		for range 600 {
			k, err := position.Between(low, high)
			if err != nil {
				t.Fatal(err)
			}
			wantBetween(t, low, high, k)
			step(&low, &high, k)
		}
		if n := max(len(low), len(high)); n > 600/5+2 {
			t.Errorf("%s: %d characters after 600 insertions", name, n)
		}
	}
	// At an end the keys are whole numbers.
	first, last := "a0", "a0"
	for range 10_000 {
		var err error
		if first, err = position.Between("", first); err != nil {
			t.Fatal(err)
		}
		if last, err = position.Between(last, ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(first) > 4 || len(last) > 4 {
		t.Errorf("the ends came to %q and %q", first, last)
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want []string
	}{
		{"", "", []string{"a0", "a1", "a2"}},
		{"a0", "", []string{"a1", "a2", "a3"}},
		{"a0V", "", []string{"a1", "a2", "a3"}},
		{"", "a0", []string{"Zx", "Zy", "Zz"}},
		{"", "a0V", []string{"Zy", "Zz", "a0"}},
		{"az", "", []string{"b00", "b01", "b02"}},
		{"a1", "a2", []string{"a1F", "a1V", "a1k"}},
		{"a0", "c000", []string{"bEk", "bUV", "bkF"}},
		{"a0V", "a0V1", []string{"a0V0F", "a0V0V", "a0V0k"}},
		{"Zz", "a0", []string{"ZzF", "ZzV", "Zzk"}},
	} {
		got, err := position.Spread(c.a, c.b, len(c.want))
		if err != nil {
			t.Fatal(err)
		}
		wantBetween(t, c.a, c.b, got...)
		if !slices.Equal(got, c.want) {
			t.Errorf("between %q and %q: %q, want %q", c.a, c.b, got, c.want)
		}
	}
	if got, err := position.Spread("a0", "a1", 0); err != nil || len(got) != 0 {
		t.Errorf("none: %q, %v", got, err)
	}
}

func TestSpreadAtTheEndsOfAllKeys(t *testing.T) {
	t.Parallel()
	zeros, zs := strings.Repeat("0", 26), strings.Repeat("z", 26)
	for _, c := range []struct{ a, b string }{
		{"", "A" + zeros + "1"}, {"", "A" + zeros[:25] + "1"}, {"", "A" + zeros[:25] + "2"},
		{"z" + zs, ""}, {"z" + zs[:25] + "y", ""}, {"z" + zs + "zz", ""}, {"A" + zeros + "1", "z" + zs + "z"},
	} {
		for _, n := range []int{1, 2, 100} {
			keys, err := position.Spread(c.a, c.b, n)
			if err != nil || len(keys) != n {
				t.Fatalf("%d between %q and %q: %q, %v", n, c.a, c.b, keys, err)
			}
			wantBetween(t, c.a, c.b, keys...)
		}
	}
}

func FuzzBetween(f *testing.F) {
	for _, s := range [][2]string{{"", ""}, {"a0", "a1"}, {"Zz", "a0"}, {"", "Y00"}, {"bzz", ""}, {"a0V", "a0V1"}, {"i0SmGF2W4nVZ", "i0SmGF2W4nVa"}} {
		f.Add(s[0], s[1], uint8(3))
	}
	f.Fuzz(func(t *testing.T, a, b string, n uint8) {
		valid := (a == "" || wellFormed(a)) && (b == "" || wellFormed(b)) && (a == "" || b == "" || a < b)
		k, err := position.Between(a, b)
		if (err == nil) != valid {
			t.Fatalf("between %q and %q: %q, %v", a, b, k, err)
		}
		keys, err := position.Spread(a, b, int(n))
		if (err == nil) != valid {
			t.Fatalf("%d between %q and %q: %q, %v", n, a, b, keys, err)
		}
		if valid {
			wantBetween(t, a, b, k)
			wantBetween(t, a, b, keys...)
		}
	})
}
