package auth

import (
	"strings"
	"testing"
)

func TestBearerToken(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", MaxTokenLength-4) + ".b.c"
	for name, c := range map[string]struct {
		header, token string
		outcome       Outcome
	}{
		"usual":             {"Bearer aa.bb.cc", "aa.bb.cc", OutcomeAccepted},
		"lower case":        {"bearer aa.bb.cc", "aa.bb.cc", OutcomeAccepted},
		"odd case":          {"bEaReR aa.bb.cc", "aa.bb.cc", OutcomeAccepted},
		"several spaces":    {"Bearer   aa.bb.cc", "aa.bb.cc", OutcomeAccepted},
		"space around":      {" Bearer aa.bb.cc\t", "aa.bb.cc", OutcomeAccepted},
		"whole alphabet":    {"Bearer a-_.Z9.0", "a-_.Z9.0", OutcomeAccepted},
		"longest":           {"Bearer " + long, long, OutcomeAccepted},
		"empty":             {"", "", OutcomeTokenMissing},
		"blank":             {" \t ", "", OutcomeTokenMissing},
		"Basic":             {"Basic dXNlcjpwYXNz", "", OutcomeSchemeRefused},
		"token alone":       {"aa.bb.cc", "", OutcomeSchemeRefused},
		"BearerX":           {"BearerX aa.bb.cc", "", OutcomeSchemeRefused},
		"tab for space":     {"Bearer\taa.bb.cc", "", OutcomeSchemeRefused},
		"scheme alone":      {"Bearer", "", OutcomeMalformed},
		"one part":          {"Bearer opaque", "", OutcomeMalformed},
		"two parts":         {"Bearer aa.bb", "", OutcomeMalformed},
		"four parts":        {"Bearer aa.bb.cc.dd", "", OutcomeMalformed},
		"five parts (JWE)":  {"Bearer aa.bb.cc.dd.ee", "", OutcomeMalformed},
		"empty signature":   {"Bearer aa.bb.", "", OutcomeMalformed},
		"empty header":      {"Bearer .bb.cc", "", OutcomeMalformed},
		"only dots":         {"Bearer ..", "", OutcomeMalformed},
		"padding":           {"Bearer aa.bb.cc==", "", OutcomeMalformed},
		"plain base64":      {"Bearer a+.b/.cc", "", OutcomeMalformed},
		"line feed":         {"Bearer aa.b\nb.cc", "", OutcomeMalformed},
		"carriage return":   {"Bearer aa.bb.c\rc", "", OutcomeMalformed},
		"NUL":               {"Bearer aa.bb.c\x00c", "", OutcomeMalformed},
		"not ASCII":         {"Bearer aa.bb.cç", "", OutcomeMalformed},
		"two tokens":        {"Bearer aa.bb.cc, Bearer aa.bb.cc", "", OutcomeMalformed},
		"quoted":            {`Bearer "aa.bb.cc"`, "", OutcomeMalformed},
		"one byte too long": {"Bearer a" + long, "", OutcomeTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := BearerToken(c.header)
			if c.outcome != OutcomeAccepted {
				refused(t, err, c.outcome)
			} else if err != nil {
				t.Fatal(err)
			}
			if token != c.token {
				t.Errorf("token is %q, want %q", token, c.token)
			}
		})
	}
}
