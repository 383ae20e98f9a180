package position

import (
	"fmt"
	"math/big"
	"strings"
)

// Spread returns n keys in order that all sort strictly between a and b, evenly
// spaced and as short as that allows; "" is an open end, from which they are
// whole numbers apart. It returns [ErrInvalid] as [Between] does.
func Spread(a, b string, n int) ([]string, error) {
	low, err := parse(a)
	if err != nil {
		return nil, err
	}
	high, err := parse(b)
	if err != nil {
		return nil, err
	}
	if a != "" && b != "" && a >= b {
		return nil, fmt.Errorf("%w: %q does not sort before %q", ErrInvalid, a, b)
	}
	switch count := big.NewInt(int64(n)); {
	case a == "" && b == "":
		return run(new(big.Int), n), nil
	case b == "":
		first := low.floor(0)
		first.Add(first, one)
		if end := new(big.Int).Add(first, count); end.Cmp(endOfIntegers()) <= 0 {
			return run(first, n), nil
		}
	case a == "":
		first := high.ceil(0)
		first.Sub(first, count)
		if first.Cmp(low.floor(0)) > 0 {
			return run(first, n), nil
		}
	}
	return evenly(low, high, n, b == ""), nil
}

// evenness bounds by how much the distances between evenly spaced keys differ,
// for they are whole numbers: by one part in so many.
const evenness = 8

// evenly divides what lies between low and high, at the first scale at which
// there is room. openEnd says that there is no high.
func evenly(low, high orderKey, n int, openEnd bool) []string {
	parts := big.NewInt(int64(n) + 1)
	enough := new(big.Int).Mul(parts, big.NewInt(evenness))
	for scale := 0; ; scale++ {
		from, to := low.floor(scale), new(big.Int)
		if openEnd {
			to.Mul(endOfIntegers(), power(scale))
		} else {
			to = high.ceil(scale)
		}
		room := to.Sub(to, from)
		if room.Cmp(enough) < 0 {
			continue
		}
		keys := make([]string, n)
		for i := range keys {
			at := new(big.Int).Mul(room, big.NewInt(int64(i)+1))
			at.Quo(at, parts)
			keys[i] = format(at.Add(at, from), scale)
		}
		return keys
	}
}

// run returns n keys without a fraction, one after the other.
func run(first *big.Int, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = format(first, 0)
		first.Add(first, one)
	}
	return keys
}

var (
	one  = big.NewInt(1)
	base = big.NewInt(int64(len(digits)))
)

func power(n int) *big.Int { return new(big.Int).Exp(base, big.NewInt(int64(n)), nil) }

// endOfIntegers is one more than the highest integer; the lowest is its
// negative.
func endOfIntegers() *big.Int { return below(maxDigits + 1) }

// below returns how many numbers have fewer than n digits, leading zeros
// included, and at least one: what comes before the integers of n digits.
func below(n int) *big.Int {
	sum := new(big.Int)
	for i := 1; i < n; i++ {
		sum.Add(sum, power(i))
	}
	return sum
}

// floor is the key times 62 to the power of scale, rounded down; the empty key
// is the lowest integer.
func (k orderKey) floor(scale int) *big.Int {
	if k.integer == "" {
		end := endOfIntegers()
		return end.Neg(end.Mul(end, power(scale)))
	}
	n, _ := digitsBehind(k.integer[0])
	v := number(k.integer[1:])
	if k.integer[0] >= 'a' {
		v.Add(v, below(n))
	} else {
		v.Sub(v, below(n+1))
	}
	fraction := k.fraction + strings.Repeat(digits[:1], max(scale-len(k.fraction), 0))
	v.Mul(v, power(scale))
	return v.Add(v, number(fraction[:scale]))
}

// ceil is floor, but rounded up: the fraction of a key does not end in 0.
func (k orderKey) ceil(scale int) *big.Int {
	v := k.floor(scale)
	if len(k.fraction) > scale {
		v.Add(v, one)
	}
	return v
}

func number(text string) *big.Int {
	v := new(big.Int)
	for i := range len(text) {
		v.Mul(v, base)
		v.Add(v, big.NewInt(int64(strings.IndexByte(digits, text[i]))))
	}
	return v
}

// format is the inverse of floor.
func format(v *big.Int, scale int) string {
	integer, fraction := new(big.Int).DivMod(v, power(scale), new(big.Int))
	head, n := byte('a'), 1
	if integer.Sign() >= 0 {
		for ; integer.Cmp(power(n)) >= 0; n++ {
			integer.Sub(integer, power(n))
		}
		head += byte(n - 1)
	} else {
		integer.Add(integer, power(n))
		for head = 'Z'; integer.Sign() < 0; head-- {
			n++
			integer.Add(integer, power(n))
		}
	}
	return string(head) + text(integer, n) + strings.TrimRight(text(fraction, scale), digits[:1])
}

// text writes v with n digits.
func text(v *big.Int, n int) string {
	written := make([]byte, n)
	rest, digit := new(big.Int).Set(v), new(big.Int)
	for i := n - 1; i >= 0; i-- {
		rest.QuoRem(rest, base, digit)
		written[i] = digits[digit.Int64()]
	}
	return string(written)
}
