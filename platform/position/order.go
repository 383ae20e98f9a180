package position

import (
	"errors"
	"fmt"
	"strings"
)

// The integers of order keys run from A and 26 digits, which stands for no key
// by itself, to z and 26 digits.
const (
	lowestHead  = 'A'
	highestHead = 'z'
	maxDigits   = 26
)

// ErrInvalid says that a text is no order key, or that two of them are not in
// order.
var ErrInvalid = errors.New("not an order key")

// Between returns a key that sorts strictly after a and before b; "" is an open
// end. It is the key that the rocicorp libraries make of the same two, so that
// a frontend can work out beforehand where something will go. It returns
// [ErrInvalid] where one of them is no key, or a does not sort before b.
//
// Half of the way goes each time something is put into the same gap: a key
// grows by a character every six times. [Insert] keeps that in bounds.
func Between(a, b string) (string, error) {
	low, err := parse(a)
	if err != nil {
		return "", err
	}
	high, err := parse(b)
	if err != nil {
		return "", err
	}
	switch {
	case a != "" && b != "" && a >= b:
		return "", fmt.Errorf("%w: %q does not sort before %q", ErrInvalid, a, b)
	case a == "" && b == "":
		return "a0", nil
	case a == "":
		return before(high)
	case b == "":
		return behind(low)
	}
	if low.integer == high.integer {
		return low.integer + midpoint(low.fraction, high.fraction), nil
	}
	if next, ok := increment(low.integer); ok && next < b {
		return next, nil
	}
	return low.integer + midpoint(low.fraction, ""), nil
}

// orderKey is an integer, head included, and a fraction, in digits.
type orderKey struct{ integer, fraction string }

// parse reads a key; that of "", the open end, is empty.
func parse(text string) (orderKey, error) {
	if text == "" {
		return orderKey{}, nil
	}
	invalid := fmt.Errorf("%w: %q", ErrInvalid, text)
	n, ok := digitsBehind(text[0])
	if !ok || len(text) < 1+n || strings.Trim(text[1:], digits) != "" {
		return orderKey{}, invalid
	}
	k := orderKey{integer: text[:1+n], fraction: text[1+n:]}
	if strings.HasSuffix(k.fraction, "0") || text == lowestInteger() {
		return orderKey{}, invalid
	}
	return k, nil
}

// digitsBehind returns how many digits of integer follow a head: a one, b two,
// and so on, and downwards Z one, Y two.
func digitsBehind(head byte) (n int, ok bool) {
	switch {
	case head >= 'a' && head <= highestHead:
		return int(head-'a') + 1, true
	case head >= lowestHead && head <= 'Z':
		return int('Z'-head) + 1, true
	default:
		return 0, false
	}
}

func lowestInteger() string { return string(lowestHead) + strings.Repeat("0", maxDigits) }

// before returns a key before k: the integer below, or half of the way to the
// end of all keys.
func before(k orderKey) (string, error) {
	if k.integer == lowestInteger() {
		return k.integer + midpoint("", k.fraction), nil
	}
	if k.fraction != "" {
		return k.integer, nil
	}
	below, _ := decrement(k.integer)
	if below == lowestInteger() {
		return below + midpoint("", ""), nil
	}
	return below, nil
}

func behind(k orderKey) (string, error) {
	if next, ok := increment(k.integer); ok {
		return next, nil
	}
	return k.integer + midpoint(k.fraction, ""), nil
}

func increment(integer string) (string, bool) {
	head, number := integer[0], []byte(integer[1:])
	for i := len(number) - 1; i >= 0; i-- {
		if d := strings.IndexByte(digits, number[i]); d < len(digits)-1 {
			number[i] = digits[d+1]
			return string(head) + string(number), true
		}
		number[i] = digits[0]
	}
	switch head {
	case highestHead:
		return "", false
	case 'Z':
		head = 'a'
	default:
		head++
	}
	n, _ := digitsBehind(head)
	return string(head) + strings.Repeat(digits[:1], n), true
}

func decrement(integer string) (string, bool) {
	head, number := integer[0], []byte(integer[1:])
	for i := len(number) - 1; i >= 0; i-- {
		if d := strings.IndexByte(digits, number[i]); d > 0 {
			number[i] = digits[d-1]
			return string(head) + string(number), true
		}
		number[i] = digits[len(digits)-1]
	}
	switch head {
	case lowestHead:
		return "", false
	case 'a':
		head = 'Z'
	default:
		head--
	}
	n, _ := digitsBehind(head)
	return string(head) + strings.Repeat(digits[len(digits)-1:], n), true
}

// midpoint returns a fraction about half of the way from a to b, as short as
// can be; an empty b is the end of all fractions. It is the algorithm of David
// Greenspan's "Implementing Fractional Indexing", which the rocicorp libraries
// follow.
func midpoint(a, b string) string {
	same := 0
	for same < len(b) && digitAt(a, same) == strings.IndexByte(digits, b[same]) {
		same++
	}
	if same > 0 {
		return b[:same] + midpoint(a[min(same, len(a)):], b[same:])
	}
	low, high := digitAt(a, 0), len(digits)
	if b != "" {
		high = digitAt(b, 0)
	}
	switch {
	case high-low > 1:
		return string(digits[(low+high+1)/2])
	case len(b) > 1:
		return b[:1]
	default:
		return string(digits[low]) + midpoint(a[min(1, len(a)):], "")
	}
}

// digitAt is the value of the i-th digit of a fraction, which zeros follow.
func digitAt(fraction string, i int) int {
	if i >= len(fraction) {
		return 0
	}
	return strings.IndexByte(digits, fraction[i])
}
