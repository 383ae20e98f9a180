package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Every line that is printed works as it is, against a server as it is.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("CI needs %s", program)
			}
			t.Skipf("%s is not there", program)
		}
	}
	s := serving(t)
	settings := []string{"DOCKET_DATA_DIR=" + dataDirOf(s)}
	api := strings.TrimSuffix(s.greeting.API, "/api/v1")
	script := execute(t, settings, "examples", "--api", api).ok(t)

	shown := regexp.MustCompile(`(?m)^# (\w+): .`).FindAllStringSubmatch(script, -1)
	const probes = 2
	routes := assembled(t).Routes()
	if want := len(routes) + probes; len(shown) != want {
		t.Errorf("%d operations are shown, there are %d", len(shown), want)
	}
	for _, r := range routes {
		if !strings.Contains(script, "\n# "+r.Operation+": ") {
			t.Errorf("%s has no example", r.Operation)
		}
	}
	run := exec.CommandContext(t.Context(), "sh", "-e", "-x")
	run.Stdin = strings.NewReader(script + "\n")
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}

	one := execute(t, settings, "examples", "--api", api, "--operation", "putTag").ok(t)
	if lines := strings.Count(one, "curl "); lines != 1 || !strings.Contains(one, "/api/v1/tags/") {
		t.Errorf("the example of one operation is\n%s", one)
	}
	if unknown := execute(t, settings, "examples", "--operation", "frobnicate"); unknown.code != exitUsage || !strings.Contains(unknown.stderr, "frobnicate") {
		t.Errorf("an unknown operation: code %d, %s", unknown.code, unknown.stderr)
	}
}
