package config

import (
	"strings"

	"docket/platform/nearest"
)

// nearestKey names the setting whose key is most like key.
func nearestKey(key string) string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	best, _ := nearest.Of(key, keys)
	return best
}

// nearestEnv names the variable most like name. The prefix does not count, so
// that DOCKET_DATABASE_URL_DIRECT leads to DATABASE_URL_DIRECT.
func nearestEnv(name string) string {
	bare := func(n string) string { return strings.TrimPrefix(n, "DOCKET_") }
	var names []string
	whole := map[string]string{}
	for _, s := range settings {
		for _, n := range s.env {
			if whole[bare(n)] == "" {
				names = append(names, bare(n))
				whole[bare(n)] = n
			}
		}
	}
	best, _ := nearest.Of(bare(name), names)
	return whole[best]
}
