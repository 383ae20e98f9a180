package config

import "strings"

// nearestKey names the setting whose key is most like key.
func nearestKey(key string) string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return nearest(strings.ToLower(key), keys, func(k string) string { return k })
}

// nearestEnv names the variable most like name. The prefix does not count, so
// that DOCKET_DATABASE_URL_DIRECT leads to DATABASE_URL_DIRECT.
func nearestEnv(name string) string {
	var names []string
	for _, s := range settings {
		names = append(names, s.env...)
	}
	bare := func(n string) string { return strings.TrimPrefix(n, "DOCKET_") }
	return nearest(bare(strings.ToUpper(name)), names, bare)
}

func nearest(want string, candidates []string, form func(string) string) string {
	best, distance := "", 0
	for _, c := range candidates {
		if d := editDistance(want, form(c)); best == "" || d < distance {
			best, distance = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := make([]int, len(b)+1)
		current[0] = i + 1
		for j := range len(b) {
			substitution := previous[j]
			if a[i] != b[j] {
				substitution++
			}
			current[j+1] = min(substitution, previous[j+1]+1, current[j]+1)
		}
		previous = current
	}
	return previous[len(b)]
}
