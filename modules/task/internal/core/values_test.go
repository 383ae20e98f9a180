package core_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"docket/modules/task/internal/core"
	"docket/platform/errs"
)

// ok marks a text that parses.
const ok = errs.FaultCode("")

// faultCode returns the code of the fault that a parser returned.
func faultCode(t *testing.T, err error) errs.FaultCode {
	t.Helper()
	if err == nil {
		return ok
	}
	var fault errs.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%v is not a Fault", err)
	}
	if fault.Message == "" {
		t.Error("the fault has no message")
	}
	return fault.Code
}

func TestParseTitle(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("é", core.MaxTitle)
	for name, c := range map[string]struct {
		text string
		want core.Title
		code errs.FaultCode
	}{
		"plain":              {"Buy milk", "Buy milk", ok},
		"trimmed":            {" \t\u00a0Buy milk\u3000\n", "Buy milk", ok},
		"inner space stays":  {"Buy  milk", "Buy  milk", ok},
		"one character":      {"x", "x", ok},
		"longest":            {longest, core.Title(longest), ok},
		"longest, untrimmed": {" " + longest + " ", core.Title(longest), ok},
		"beyond the BMP":     {strings.Repeat("🦉", core.MaxTitle), core.Title(strings.Repeat("🦉", core.MaxTitle)), ok},
		"zero-width joiner":  {"👩\u200d🚀", "👩\u200d🚀", ok},
		"right to left":      {"לקנות חלב", "לקנות חלב", ok},
		"empty":              {"", "", errs.FaultTooShort},
		"blank":              {" \t\r\n\u00a0", "", errs.FaultTooShort},
		"too long":           {longest + "x", "", errs.FaultTooLong},
		"line feed":          {"Buy\nmilk", "", errs.FaultInvalidFormat},
		"tab":                {"Buy\tmilk", "", errs.FaultInvalidFormat},
		"escape":             {"Buy\x1b[31mmilk", "", errs.FaultInvalidFormat},
		"delete":             {"Buy\x7fmilk", "", errs.FaultInvalidFormat},
		"C1 control":         {"Buy\u0085milk", "", errs.FaultInvalidFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := core.ParseTitle(c.text)
			if code := faultCode(t, err); code != c.code || got != c.want {
				t.Errorf("ParseTitle(%.40q) = %.40q, %q, want %.40q, %q", c.text, got, code, c.want, c.code)
			}
		})
	}
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		code errs.FaultCode
	}{
		"empty":             {"", ok},
		"kept as written":   {"  # Milk\n\n\t- oat\r\n ", ok},
		"longest":           {strings.Repeat("é", core.MaxDescription), ok},
		"one more than may": {strings.Repeat("é", core.MaxDescription+1), errs.FaultTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := core.ParseDescription(c.text)
			if code := faultCode(t, err); code != c.code {
				t.Fatalf("fault is %q, want %q", code, c.code)
			}
			if err == nil && string(got) != c.text {
				t.Errorf("got %.40q, want %.40q", got, c.text)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	closed := map[core.Status]bool{core.Todo: false, core.InProgress: false, core.Done: true, core.Cancelled: true}
	for status, want := range closed {
		got, err := core.ParseStatus(string(status))
		if err != nil || got != status {
			t.Errorf("ParseStatus(%q) = %q, %v", status, got, err)
		}
		if got.Closed() != want {
			t.Errorf("%s.Closed() is %t, want %t", got, got.Closed(), want)
		}
	}
	for _, text := range []string{"", "Done", " done", "canceled", "in-progress", "open"} {
		if got, err := core.ParseStatus(text); faultCode(t, err) != errs.FaultInvalidValue || got != "" {
			t.Errorf("ParseStatus(%q) = %q, %v, want invalid_value", text, got, err)
		}
	}
}

func TestParsePriority(t *testing.T) {
	t.Parallel()
	// In this order they are stored and sorted.
	for i, name := range []string{"none", "low", "medium", "high", "urgent"} {
		got, err := core.ParsePriority(name)
		if err != nil || int(got) != i {
			t.Errorf("ParsePriority(%q) = %d, %v, want %d", name, got, err, i)
		}
		if got.String() != name {
			t.Errorf("%d is called %q, want %q", i, got, name)
		}
	}
	for _, text := range []string{"", "High", "0", "urgent ", "null"} {
		if got, err := core.ParsePriority(text); faultCode(t, err) != errs.FaultInvalidValue || got != core.NoPriority {
			t.Errorf("ParsePriority(%q) = %d, %v, want invalid_value", text, got, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-11-23", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"} {
		got, err := core.ParseDate(text)
		if err != nil || string(got) != text {
			t.Errorf("ParseDate(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "2026-02-29", "1900-02-29", "2100-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32",
		"0000-01-01", "0000-02-29", "-001-01-01", "10000-01-01", "+2026-01-01",
		"2026-1-05", "2026-01-5", "26-01-05", "20260105", "2026/01/05", "05.01.2026", "2026-W01-1", "2026-005",
		" 2026-01-05", "2026-01-05 ", "2026-01-05T00:00:00Z", "2026-01-05Z", "２０２６-01-05", "today",
	} {
		if got, err := core.ParseDate(text); faultCode(t, err) != errs.FaultInvalidFormat || got != "" {
			t.Errorf("ParseDate(%q) = %q, %v, want invalid_format", text, got, err)
		}
	}
}

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-23T09:30:00Z":                "2026-11-23T09:30:00Z",
		"2026-11-23t09:30:00z":                "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00+00:00":           "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00-00:00":           "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00+05:45":           "2026-11-23T03:45:00Z",
		"2026-12-31T20:00:00-05:00":           "2027-01-01T01:00:00Z",
		"2026-11-23T09:30:00+23:59":           "2026-11-22T09:31:00Z",
		"2024-02-29T23:59:59Z":                "2024-02-29T23:59:59Z",
		"2026-11-23T09:30:00.1Z":              "2026-11-23T09:30:00.1Z",
		"2026-11-23T09:30:00.000000999Z":      "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00.123456789Z":      "2026-11-23T09:30:00.123456Z",
		"2026-11-23T09:30:59.999999999Z":      "2026-11-23T09:30:59.999999Z",
		"1969-12-31T23:59:59.9999999Z":        "1969-12-31T23:59:59.999999Z",
		"2026-11-23T09:30:00.123456789123Z":   "2026-11-23T09:30:00.123456Z",
		"0001-01-01T00:00:00Z":                "0001-01-01T00:00:00Z",
		"0000-12-31T23:00:00-01:00":           "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":         "9999-12-31T23:59:59.999999Z",
		"9999-12-31T23:59:59+01:00":           "9999-12-31T22:59:59Z",
		"9999-12-31T23:59:59.999999999-00:00": "9999-12-31T23:59:59.999999Z",
	} {
		got, err := core.ParseInstant(text)
		if err != nil {
			t.Errorf("ParseInstant(%q): %v", text, err)
			continue
		}
		if got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("ParseInstant(%q) = %s, want %s", text, got.Format(time.RFC3339Nano), want)
		}
	}
	for _, text := range []string{
		"", "2026-11-23", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z", "2026-11-23T09:30Z", "2026-11-23T9:30:00Z", "2026-11-23T09:30:00,5Z",
		"2026-11-23T09:30:00.Z", "2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2026-11-23T23:59:60Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-11-23T09:30:00+0100", "2026-11-23T09:30:00+01", "2026-11-23T09:30:00+24:00", "2026-11-23T09:30:00+01:60", "2026-11-23T09:30:00 Z", " 2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00Z\n", "10000-01-01T00:00:00Z", "20261123T093000Z", "1763890200", "now", "2026-11-23T09:30:00UTC",
	} {
		if _, err := core.ParseInstant(text); faultCode(t, err) != errs.FaultInvalidFormat {
			t.Errorf("ParseInstant(%q): %v, want invalid_format", text, err)
		}
	}
	for _, text := range []string{"0001-01-01T00:00:00+00:01", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "9999-12-31T00:01:00-23:59", "0000-01-01T00:00:00Z"} {
		if got, err := core.ParseInstant(text); faultCode(t, err) != errs.FaultOutOfRange {
			t.Errorf("ParseInstant(%q) = %s, %v, want out_of_range", text, got, err)
		}
	}
}
