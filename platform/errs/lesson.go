package errs

// Lesson is what there is to learn of a code beyond its [Explanation]: what the
// headers of the answer say, and how a client goes about it. Most codes have
// none.
type Lesson struct {
	Headers []Header
	// Snippet is JavaScript that runs as it is, "" where words are enough.
	Snippet string
}

// Header is one header of an answer, with what it means; code stands between
// backticks.
type Header struct{ Name, Meaning string }

// Teach returns the Lesson of a code, empty where there is none.
func Teach(code Code) Lesson {
	if code != CodeRateLimited {
		return Lesson{}
	}
	return Lesson{
		Headers: []Header{
			{"Retry-After", "In how many seconds, at least 1, one more request is let through. The other three are on every answer of the API, this one on refusals that pass."},
			{"RateLimit-Limit", "How many requests there may be in a window: those of a user, from all tabs and devices, or those of an address without a valid token."},
			{"RateLimit-Remaining", "How many of them can be sent at once, now."},
			{"RateLimit-Reset", "In how many seconds all of them are there again. They do not come back all together: one after the other, evenly over the window."},
		},
		Snippet: `// send repeats a request until there is room for it.
async function send(request) {
  for (;;) {
    const answer = await fetch(request.clone());
    if (answer.status !== 429) return answer;
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((done) => setTimeout(done, 1000 * seconds));
  }
}
`,
	}
}
