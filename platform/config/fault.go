package config

import (
	"fmt"
	"strconv"
	"strings"

	"docket/platform/telemetry/redact"
)

// Fault is one setting that is wrong.
type Fault struct {
	// Key names the setting, or the variable where no setting has that name;
	// "" where a whole file cannot be read.
	Key string
	// Origin is where the value stands: "configs/staging.yaml:12",
	// "environment DOCKET_HTTP_ADDRESS", "flag --data-dir"; "" where a value
	// is missing.
	Origin string
	// Value is what was given; "" for secrets and where nothing was.
	Value string
	// Problem says what is wrong.
	Problem string
	// Allowed says what would be right.
	Allowed string
}

// String renders f as one line.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Key)
	if f.Key != "" && f.Value != "" {
		b.WriteString(" = " + strconv.Quote(f.Value))
	}
	switch {
	case f.Key == "":
		b.WriteString(f.Origin)
	case f.Origin != "":
		fmt.Fprintf(&b, " (%s)", f.Origin)
	}
	b.WriteString(": " + f.Problem)
	if f.Allowed != "" {
		b.WriteString("; allowed: " + f.Allowed)
	}
	return b.String()
}

// Error is everything that is wrong with the settings.
type Error struct {
	Faults []Fault
}

// Error lists the faults, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	lines = append(lines, "settings: "+plural(len(e.Faults), "fault"))
	for _, f := range e.Faults {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

const maxShownValue = 200

// shown makes a value fit for a message: short, and without passwords even
// where somebody put one into a setting that is no secret.
func shown(value string) string {
	value = redact.Text(value)
	if runes := []rune(value); len(runes) > maxShownValue {
		return string(runes[:maxShownValue]) + "…"
	}
	return value
}
