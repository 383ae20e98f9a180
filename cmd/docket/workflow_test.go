package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Each step of a workflow that runs something runs a task that there is, or the
// script of one, so that whatever is done there can be done here.
func TestWorkflowsCallTasks(t *testing.T) {
	t.Parallel()
	var taskfile struct{ Tasks map[string]any }
	if err := yaml.Unmarshal([]byte(read(t, "Taskfile.yml")), &taskfile); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(repository, ".github", "workflows", "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("workflows: %q, %v", files, err)
	}
	calls := regexp.MustCompile(`^(?:env(?: -u [A-Z_]+)+ )?\$TASK ([a-z:-]+)(?: --|$)`)
	called := map[string]bool{}
	for _, file := range files {
		var workflow struct {
			Jobs map[string]struct{ Steps []struct{ Run string } }
		}
		if err := yaml.Unmarshal([]byte(read(t, ".github", "workflows", filepath.Base(file))), &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(workflow.Jobs) == 0 {
			t.Errorf("%s has no jobs", file)
		}
		for name, job := range workflow.Jobs {
			for _, step := range job.Steps {
				m := calls.FindStringSubmatch(step.Run)
				switch {
				case step.Run == "", strings.HasPrefix(step.Run, "git config "), step.Run == ".ci/run":
				case m == nil:
					t.Errorf("%s, %s: %q calls no task", file, name, step.Run)
				case taskfile.Tasks[m[1]] == nil:
					t.Errorf("%s, %s: there is no task %q", file, name, m[1])
				default:
					called[m[1]] = true
				}
			}
		}
	}
	for _, must := range []string{"ci", "schema:review", "schema:diff", "schema:index", "schema:apply", "schema:check", "db:secure", "db:check"} {
		if !called[must] {
			t.Errorf("no workflow calls %s", must)
		}
	}
	if !slices.Contains(strings.Fields(read(t, ".ci", "run")), "container)") {
		t.Error(".ci/run has no step container, which the image rests on")
	}
}
