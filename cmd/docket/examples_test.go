package main

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every line that is printed works as it is, against a server as it is.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	needCurl(t)
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
	for line := range strings.Lines(script) {
		if !regexp.MustCompile(`^(\n|# |API=|TOKEN=|curl .*[^\\\n]\n?$)`).MatchString(line) {
			t.Errorf("this is no line of its own: %q", line)
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

// What is printed of one operation runs on its own, as a user whom nobody has
// seen, and is answered as the document promises of a success.
func TestEachExampleWorksAlone(t *testing.T) {
	t.Parallel()
	needCurl(t)
	s := serving(t)
	settings := []string{"DOCKET_DATA_DIR=" + dataDirOf(s)}
	operations, err := exampleOperations()
	if err != nil {
		t.Fatal(err)
	}
	const say = "curl() { command curl \"$@\" -o /dev/null -w '%{http_code}\\n'; }\n"
	for _, o := range operations {
		t.Run(o.ID, func(t *testing.T) {
			script := execute(t, settings, "examples", "--api", s.site(), "--operation", o.ID).ok(t)
			run := exec.CommandContext(t.Context(), "sh", "-e")
			run.Stdin = strings.NewReader(say + script)
			out, err := run.CombinedOutput()
			statuses := strings.Fields(string(out))
			if err != nil || len(statuses) == 0 {
				t.Fatalf("%v\n%s\nof\n%s", err, out, script)
			}
			promised := slices.DeleteFunc(slices.Sorted(maps.Keys(o.Responses)), func(status string) bool { return status >= "300" })
			if last := statuses[len(statuses)-1]; !slices.Contains(promised, last) {
				t.Errorf("it is answered %s, want one of %q:\n%s", last, promised, script)
			}
		})
	}
}

// needCurl skips a test where there is no shell with curl; with CI=true that
// fails.
func needCurl(t *testing.T) {
	t.Helper()
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("CI needs %s", program)
			}
			t.Skipf("%s is not there", program)
		}
	}
}
