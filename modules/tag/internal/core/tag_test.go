package core_test

import (
	"errors"
	"strings"
	"testing"

	"docket/modules/tag/internal/core"
	"docket/platform/errs"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want core.Name
		code errs.FaultCode
	}{
		{"home", "home", ""},
		{" \t\n home \u00a0\u2003", "home", ""},
		{"at home", "at home", ""},
		{"家", "家", ""},
		{"👩‍👩‍👧", "👩‍👩‍👧", ""},
		{"e\u0301", "e\u0301", ""},
		{"<b>'; --", "<b>'; --", ""},
		{strings.Repeat("é", core.MaxName), core.Name(strings.Repeat("é", core.MaxName)), ""},
		{strings.Repeat(" ", 500) + "home", "home", ""},
		{"", "", errs.FaultTooShort},
		{" \t\r\n\u3000", "", errs.FaultTooShort},
		{strings.Repeat("a", core.MaxName+1), "", errs.FaultTooLong},
		{strings.Repeat("家", core.MaxName+1), "", errs.FaultTooLong},
		{"ho\nme", "", errs.FaultInvalidFormat},
		{"ho\tme", "", errs.FaultInvalidFormat},
		{"ho\u007fme", "", errs.FaultInvalidFormat},
		{"ho\u0085me", "", errs.FaultInvalidFormat},
		{"\x1b[31mred", "", errs.FaultInvalidFormat},
	} {
		got, err := core.ParseName(c.text)
		if got != c.want || codeOf(err) != c.code {
			t.Errorf("%q: got %q, %v; want %q, %q", c.text, got, err, c.want, c.code)
		}
	}
}

func TestParseColor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]core.Color{
		"#1e90ff": "#1e90ff", "#1E90FF": "#1e90ff", "#000000": "#000000",
		"": "", "1e90ff": "", "#1e90f": "", "#1e90fff": "", "#1e90fg": "", "#fff": "", "red": "", " #1e90ff": "", "#1e90ff\n": "",
		"rgb(1,2,3)": "", "#1e90ff80": "", "#１e90f": "", "#\u212A00000": "",
	} {
		got, err := core.ParseColor(text)
		if got != want || (want == "") != (codeOf(err) == errs.FaultInvalidFormat) {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func codeOf(err error) errs.FaultCode {
	if fault, ok := errors.AsType[errs.Fault](err); ok {
		return fault.Code
	}
	return ""
}
