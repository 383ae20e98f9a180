package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"docket/configs"
	"docket/platform/config"
)

// Each alert has its section in the runbook, which says what it means and what
// to do, and there are no others.
func TestRunbookHasEachAlert(t *testing.T) {
	t.Parallel()
	_, alerts, _ := strings.Cut(read(t, "configs", "runbook.md"), "\n## Alerts\n")
	alerts, _, _ = strings.Cut(alerts, "\n## ")
	sections := map[string]string{}
	for _, section := range strings.Split(alerts, "\n### ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = text
	}
	for _, r := range alertRules(t) {
		text, there := sections[r.Alert]
		if !there || !strings.Contains(text, "\nMeans: ") || !strings.Contains(text, "\nDo: ") && !strings.Contains(text, "\nDo, for ") {
			t.Errorf("the runbook does not say what %s means and what to do: %q", r.Alert, text)
		}
		delete(sections, r.Alert)
	}
	for name := range sections {
		t.Errorf("the runbook has %s, which is no alert", name)
	}
}

// What the runbook has people type and look at is there.
func TestRunbookNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	text := read(t, "configs", "runbook.md")
	all := func(pattern string, least int) []string {
		t.Helper()
		var found []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		if found = slices.Compact(found); len(found) < least {
			t.Errorf("the runbook names %q: the rule has lost its object", found)
		}
		return found
	}
	for _, command := range all("(?m)(?:^ *|`)(?:[A-Z_]+=\\S+ )*docket ([a-z]+(?: [a-z]+)?(?: --[a-z-]+)?)", 4) {
		words := strings.Fields(command)
		help := execute(t, nil, append(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "-") }), "--help")...)
		if last := words[len(words)-1]; help.code != 0 || !strings.Contains(help.stdout, "docket "+strings.TrimSuffix(strings.Join(words, " "), " "+flagOf(last))) || !strings.Contains(help.stdout, flagOf(last)) {
			t.Errorf("docket %s is no command: %s%s", command, help.stdout, help.stderr)
		}
	}
	tasks := read(t, "Taskfile.yml")
	for _, name := range all("`task ([a-z:-]+)", 2) {
		if !strings.Contains(tasks, "\n  "+name+":\n") {
			t.Errorf("task %s is not in Taskfile.yml", name)
		}
	}
	for _, path := range all("(?:`|\\]\\(|go run \\./)((?:platform|cmd|prometheus|\\.ci)/[a-zA-Z0-9_./-]*[a-zA-Z0-9])", 2) {
		_, err := os.Stat(filepath.Join(repository, path))
		if _, besides := os.Stat(filepath.Join(repository, "configs", path)); err != nil && besides != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	variables := strings.Join(slices.Concat(all("`(DOCKET_[A-Z_]+)", 5)), " ")
	known := read(t, "README.md")
	for name := range strings.FieldsSeq(variables) {
		if !strings.Contains(known, "`"+name+"`") {
			t.Errorf("%s is no setting", name)
		}
	}
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"HOME=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range all("`((?:http|auth|rate_limit|database|redis)\\.[a-z_]+)", 4) {
		if !slices.ContainsFunc(cfg.Effective(), func(s config.Setting) bool { return s.Key == key }) {
			t.Errorf("%s is no key of a setting", key)
		}
	}
	shown := exposed(metricsOf(t, serving(t).greeting))
	for _, metric := range all("[`\" ](docket_(?:http|auth|rate|background|db)_[a-z_]+)", 4) {
		if !slices.ContainsFunc(names(shown), func(name string) bool { return strings.HasPrefix(name, metric) }) {
			t.Errorf("no metric begins with %s", metric)
		}
	}
	for _, outcome := range all("`([a-z]+_(?:refused|unknown|invalid))`", 3) {
		if err := shown.check(`docket_auth_tokens_total{outcome="` + outcome + `"}`); err != nil {
			t.Error(err)
		}
	}
}

// flagOf is word where that is a flag, else nothing.
func flagOf(word string) string {
	if strings.HasPrefix(word, "-") {
		return word
	}
	return ""
}

func names(e exposition) []string {
	var all []string
	for name := range e {
		all = append(all, name)
	}
	return all
}
