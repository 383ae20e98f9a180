package redact_test

import (
	"strings"
	"testing"

	"docket/platform/telemetry/redact"
)

func TestText(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	tests := []struct{ name, in, want string }{
		{"nothing", "listening on http://127.0.0.1:8080/docs", "listening on http://127.0.0.1:8080/docs"},
		{"empty", "", ""},
		{"word before a colon", "verify token: unknown kid", "verify token: unknown kid"},
		{"path with an at sign", "https://medium.com/@ada/post", "https://medium.com/@ada/post"},
		{"connection URL", "postgres://ada:s3cret@db.example:5432/docket", "postgres://ada:***@db.example:5432/docket"},
		{"no password", "postgres://ada@db.example/docket", "postgres://ada@db.example/docket"},
		{"password alone", "redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"},
		{"capital scheme", "POSTGRES://ada:s3cret@db/x", "POSTGRES://ada:***@db/x"},
		{"unescaped slash", "postgres://ada:s3/cret@db/docket", "postgres://ada:***@db/docket"},
		{"unescaped slash after digits", "postgres://ada:12/34s3cret@db/docket", "postgres://ada:***@db/docket"},
		{"unescaped hash", "postgres://ada:s3#cret@db/docket", "postgres://ada:***@db/docket"},
		{"unescaped question mark", "postgres://ada:s3?cret@db/docket", "postgres://ada:***@db/docket"},
		{"unescaped at sign", "postgres://ada:s3@cret@db/docket", "postgres://ada:***@db/docket"},
		{"at sign in the query, or in the password", "postgres://ada:s3@?x=cret@db/d", "postgres://ada:***@db/d"},
		{"password in the query", "postgres://db/d?user=ada&password=s3cret&sslmode=require", "postgres://db/d?user=ada&password=***&sslmode=require"},
		{"several in one text", "from redis://u:s3cret@a to \"postgres://u:s3cret@b/c\".", "from redis://u:***@a to \"postgres://u:***@b/c\"."},
		{"https with a password", "get https://u:s3cret@host/x: refused", "get https://u:***@host/x: refused"},
		{"https with a token", "clone https://s3cret@host/x", "clone https://***@host/x"},
		{"https that does not parse", "https://u:s3/cret%zz@host/x", "https://u:***@host/x"},
		{"keyword form", "host=db user=ada password=s3cret dbname=d", "host=db user=ada password=*** dbname=d"},
		{"keyword form, quoted", `host=db password='s3 cr\'et' dbname=d`, "host=db password=*** dbname=d"},
		{"keyword form, spaced", "password = s3cret", "password = ***"},
		{"access token", "/cb?access_token=s3cret&x=1", "/cb?access_token=***&x=1"},
		{"jwt", "bad token " + token + ", refused", "bad token ***, refused"},
		{"bearer", "Authorization: Bearer s3cret-s3cret-s3cret-s3cret", "Authorization: Bearer ***"},
		{"bearer challenge", `Bearer error="invalid_token"`, `Bearer error="invalid_token"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := redact.Text(tt.in)
			if got != tt.want {
				t.Errorf("Text(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
			if redact.Clean(tt.in) && got != tt.in {
				t.Errorf("Clean(%q), and Text makes it %q", tt.in, got)
			}
			if again := redact.Text(got); again != got {
				t.Errorf("a second pass changes %q to %q", got, again)
			}
		})
	}
}

// FuzzText checks that a password of a connection URL never shows, whatever
// it is made of.
func FuzzText(f *testing.F) {
	for _, password := range []string{"plain", "p@ss", "12/34", "a?b", "a#b", "%zz", ":"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if strings.ContainsAny(password, " \t\r\n\v\f\"'<>`") {
			t.Skip("a URL ends there")
		}
		const marker = "s3cret"
		got := redact.Text("postgres://ada:" + password + marker + "@db/docket")
		if strings.Contains(got, marker) {
			t.Errorf("password %q: %q", password+marker, got)
		}
	})
}
