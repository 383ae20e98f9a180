// Package position makes the keys by which people order things by hand.
//
// A key is an order key of fractional indexing as the rocicorp libraries write
// it (github.com/rocicorp/fractional-indexing and its ports): a head letter
// that says how many digits the integer has, the integer, and a fraction, in
// base 62. Keys sort bytewise, there is room between any two, and a frontend
// can compute where something will go.
package position

import (
	"time"

	"github.com/google/uuid"
)

const (
	digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// head announces an integer of width digits: enough for the microseconds
	// of more than four centuries after 1970.
	head  = 'i'
	width = 9
)

// Pattern is a regular expression, as Go and ECMAScript share them, that every key
// matches. There is no longest key, see [Insert].
const Pattern = "^[0-9A-Za-z]+$"

// Last returns the key of something that is made now and goes behind all that
// was made before. It needs not know what that is: the integer is the time, in
// microseconds, and id keeps apart what is made in the same one.
func Last(now time.Time, id uuid.UUID) string {
	key := make([]byte, 1+width+2)
	key[0] = head
	for i, n := width, max(now.UnixMicro(), 0); i > 0; i-- {
		key[i] = digits[n%int64(len(digits))]
		n /= int64(len(digits))
	}
	key[1+width] = digits[int(id[14])%len(digits)]
	// The last digit of a fraction is never 0, or there would be no room
	// before it.
	key[2+width] = digits[1+int(id[15])%(len(digits)-1)]
	return string(key)
}
