package localpg

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestLogIsQuotedFromThisRunOnly(t *testing.T) {
	t.Parallel()
	s := &Server{home: layout{root: t.TempDir()}}
	if got := s.quoteLog(); got != "" {
		t.Errorf("without a log: %q", got)
	}
	write := func(text string) {
		t.Helper()
		f, err := s.openLog()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("an earlier run\n")
	write("")
	if got := s.quoteLog(); got != "" {
		t.Errorf("of a run that logged nothing: %q", got)
	}
	write("first\nlast\n")
	if got, want := s.quoteLog(), "\nend of "+s.home.log()+":\n  first\n  last"; got != want {
		t.Errorf("quoted %q, want %q", got, want)
	}
	var long strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	write(long.String())
	got := strings.Split(strings.TrimSpace(s.quoteLog()), "\n")
	if len(got) != 1+quotedLines || strings.TrimSpace(got[quotedLines]) != "line 4999" {
		t.Errorf("of a long log %d lines are quoted: %q", len(got), got)
	}
}

func TestLongLogIsSetAside(t *testing.T) {
	t.Parallel()
	s := &Server{home: layout{root: t.TempDir()}}
	if err := os.WriteFile(s.home.log(), make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := s.openLog()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int64{s.home.log(): 0, s.home.log() + ".1": maxLog + 1} {
		if info, err := os.Stat(path); err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v; want %d bytes", path, info, err, want)
		}
	}
}
