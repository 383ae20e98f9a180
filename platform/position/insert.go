package position

// How long keys may get.
const (
	// MaxLength is the length, in characters, beyond which [Insert] makes room
	// for a key. A key longer than that comes about only where there is none
	// within reach.
	MaxLength = 32
	// tidyLength is what keys must be cut down to when room is made, or it
	// would have to be made again soon.
	tidyLength = 16
)

// reach is how many items on each side are given new keys at most when room is
// made, in one attempt after the other.
var reach = [...]int{16, 64, 256}

// Neighbours loads the keys on both sides of a gap, in order, at least n on
// each side where there are as many.
type Neighbours = func(n int) (before, after []string, err error)

// Insert returns the key of something that goes into the gap between
// neighbours. As a rule nothing else changes. Where the key would be longer
// than [MaxLength], or there is none since two neighbours have the same, the
// neighbours get new keys too: newBefore are those of the last so many before
// the gap as were loaded last, newAfter of the first so many after it, 256 on
// each side at most.
func Insert(neighbours Neighbours) (key string, newBefore, newAfter []string, err error) {
	before, after, err := neighbours(1)
	if err != nil {
		return "", nil, nil, err
	}
	low, high := ends(before, after, 0)
	if key, err = Between(low, high); err == nil && len(key) <= MaxLength {
		return key, nil, nil, nil
	}
	for i := 0; ; i++ {
		n := reach[i]
		// The key behind the last one that changes is the bound of all.
		if before, after, err = neighbours(n + 1); err != nil {
			return "", nil, nil, err
		}
		low, high = ends(before, after, n)
		left, right := min(n, len(before)), min(n, len(after))
		keys, err := Spread(low, high, left+1+right)
		farthest := i == len(reach)-1
		switch {
		case err != nil && farthest:
			return "", nil, nil, err
		case err == nil && (farthest || longest(keys) <= tidyLength):
			return keys[left], keys[:left], keys[left+1:], nil
		}
	}
}

// ends returns the keys that bound n items on each side of the gap; "" is an
// open end.
func ends(before, after []string, n int) (low, high string) {
	if len(before) > n {
		low = before[len(before)-1-n]
	}
	if len(after) > n {
		high = after[n]
	}
	return low, high
}

func longest(keys []string) int {
	n := 0
	for _, k := range keys {
		n = max(n, len(k))
	}
	return n
}
