package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPristine(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-0184d000 r-xp 00000000 fe:00 9978280                            /opt/docket
Size:              20788 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
0184d000-02e8b000 r--p 0144d000 fe:00 9978280                            /opt/docket
Rss:               17276 kB
Anonymous:             0 kB
02e8b000-0304f000 rw-p 02a8b000 fe:00 9978280                            /opt/docket
Anonymous:             0 kB
03050000-03060000 r--p 02a8b000 fe:00 9978280                            /opt/docket
Anonymous:             4 kB
7f313dc9c000-7f313de9c000 r-xp 00000000 fe:00 7                          /usr/lib/other/opt/docket
Anonymous:             0 kB
7f318bbc0000-7f318bd16000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x184d000}, {0x184d000, 0x2e8b000}}
	if diff := cmp.Diff(want, pristine([]byte(smaps), "/opt/docket"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is let go is no longer resident, and the program runs on.
func TestForgetStart(t *testing.T) { //nolint:paralleltest // it looks at the whole process
	before := residentOfFiles(t)
	released, err := forgetStart()
	if err != nil || released < 1<<20 {
		t.Errorf("let go of %d bytes: %v", released, err)
	}
	if after := residentOfFiles(t); after >= before {
		t.Errorf("%d kB of files are resident, before %d", after, before)
	}
}

func residentOfFiles(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no RssFile in %s", status)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes
}
