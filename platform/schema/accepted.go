package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// AcceptedFile is the name of the file, beside [File], whose lines accept
// dangers.
const AcceptedFile = ".schema.accepted"

// Accepted are the dangers that somebody has thought about, and why they are
// well.
type Accepted struct{ why map[acceptance]string }

type acceptance struct {
	kind   Kind
	object string
}

// ReadAccepted reads a file of lines "KIND OBJECT why"; lines that begin with #
// and empty ones say nothing. A file that is not there accepts nothing. A line
// of an unknown kind or without a reason is an error that names it.
func ReadAccepted(path string) (Accepted, error) {
	a := Accepted{why: map[acceptance]string{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("read what is accepted: %w", err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if _, known := advice[Kind(words[0])]; !known {
			return a, fmt.Errorf("%s:%d: there is no danger %q", path, i+1, words[0])
		}
		if len(words) < 3 {
			return a, fmt.Errorf("%s:%d: %q does not say why; a line is KIND OBJECT why", path, i+1, line)
		}
		a.why[acceptance{Kind(words[0]), words[1]}] = strings.Join(words[2:], " ")
	}
	return a, nil
}

// Why returns the reason for which a danger is accepted, and whether it is.
func (a Accepted) Why(d Danger) (reason string, accepted bool) {
	reason, accepted = a.why[acceptance{d.Kind, d.Object}]
	return reason, accepted
}

// Beyond returns what is accepted and is none of the dangers, as "KIND OBJECT".
func (a Accepted) Beyond(found []Danger) []string {
	left := map[acceptance]bool{}
	for k := range a.why {
		left[k] = true
	}
	for _, d := range found {
		delete(left, acceptance{d.Kind, d.Object})
	}
	var names []string
	for k := range left {
		names = append(names, string(k.kind)+" "+k.object)
	}
	return names
}
