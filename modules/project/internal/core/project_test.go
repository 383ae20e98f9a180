package core

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

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
	return fault.Code
}

func TestParseName(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("é", MaxName)
	for name, c := range map[string]struct {
		text string
		want Name
		code errs.FaultCode
	}{
		"plain":             {"Garden", "Garden", ok},
		"trimmed":           {"\u00a0 Garden\n", "Garden", ok},
		"inner space stays": {"Garden  2026", "Garden  2026", ok},
		"longest":           {" " + longest + " ", Name(longest), ok},
		"beyond the BMP":    {strings.Repeat("🦉", MaxName), Name(strings.Repeat("🦉", MaxName)), ok},
		"empty":             {"", "", errs.FaultTooShort},
		"blank":             {" \t\u3000", "", errs.FaultTooShort},
		"too long":          {longest + "x", "", errs.FaultTooLong},
		"line feed":         {"Gar\nden", "", errs.FaultInvalidFormat},
		"escape":            {"Gar\x1bden", "", errs.FaultInvalidFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseName(c.text)
			if code := faultCode(t, err); code != c.code || got != c.want {
				t.Errorf("ParseName(%.40q) = %.40q, %q, want %.40q, %q", c.text, got, code, c.want, c.code)
			}
		})
	}
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]errs.FaultCode{
		"":                                  ok,
		" as\n\twritten ":                   ok,
		strings.Repeat("é", MaxDescription): ok,
		strings.Repeat("é", MaxDescription) + "x": errs.FaultTooLong,
	} {
		got, err := ParseDescription(text)
		if faultCode(t, err) != code || err == nil && string(got) != text {
			t.Errorf("ParseDescription(%.40q) = %.40q, %v", text, got, err)
		}
	}
}

func TestParseColor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Color{"#1e90ff": "#1e90ff", "#1E90Ff": "#1e90ff", "#000000": "#000000"} {
		if got, err := ParseColor(text); err != nil || got != want {
			t.Errorf("ParseColor(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1e90ff", "#1e90f", "#1e90ff0", "#fff", "#1e90fg", " #1e90ff", "#1e90ff\n", "red", "#ｆｆｆｆｆｆ"} {
		if got, err := ParseColor(text); faultCode(t, err) != errs.FaultInvalidFormat || got != "" {
			t.Errorf("ParseColor(%q) = %q, %v, want invalid_format", text, got, err)
		}
	}
}

var (
	made    = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)
	changed = made.Add(time.Hour)
)

func garden() Project {
	return Project{
		ID: uuid.UUID{1}, Name: "Garden", Description: new(Description("green")), Color: new(Color("#00ff00")),
		Position: "a0", ArchivedAt: &made, CreatedAt: made, UpdatedAt: made, Revision: 7,
	}
}

func TestNewProject(t *testing.T) {
	t.Parallel()
	want := Project{ID: uuid.UUID{1}, Name: "Garden", Position: "a0", CreatedAt: made, UpdatedAt: made, Revision: 1}
	if diff := cmp.Diff(want, newProject(uuid.UUID{1}, Draft{Name: "Garden"}, "a0", made)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRevised(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		draft   func(*Draft)
		project func(*Project)
	}{
		"name":           {func(d *Draft) { d.Name = "garden" }, func(p *Project) { p.Name = "garden" }},
		"description":    {func(d *Draft) { d.Description = new(Description("")) }, func(p *Project) { p.Description = new(Description("")) }},
		"no description": {func(d *Draft) { d.Description = nil }, func(p *Project) { p.Description = nil }},
		"color":          {func(d *Draft) { d.Color = new(Color("#000000")) }, func(p *Project) { p.Color = new(Color("#000000")) }},
		"no color":       {func(d *Draft) { d.Color = nil }, func(p *Project) { p.Color = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, want := garden().draft(), garden()
			change.draft(&d)
			change.project(&want)
			want.UpdatedAt, want.Revision = changed, 8
			got, differs := garden().revised(d, changed)
			if diff := cmp.Diff(want, got); diff != "" || !differs {
				t.Errorf("differs %t (-want +got):\n%s", differs, diff)
			}
		})
	}
	same := Draft{Name: "Garden", Description: new(Description("green")), Color: new(Color("#00ff00"))}
	got, differs := garden().revised(same, changed)
	if diff := cmp.Diff(garden(), got); diff != "" || differs {
		t.Errorf("of the same, differs %t (-want +got):\n%s", differs, diff)
	}
}
