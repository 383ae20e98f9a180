package main

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/configs"
	"docket/platform/config"
	"docket/platform/httpx"
)

const repository = "../.."

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{repository}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// table returns the cells of the table in README.md whose first heading this
// is, without the row of headings.
func table(t *testing.T, heading string) [][]string {
	t.Helper()
	var rows [][]string
	_, after, found := strings.Cut(read(t, "README.md"), "\n| "+heading+" |")
	if !found {
		t.Fatalf("README.md has no table that begins with %q", heading)
	}
	for i, line := range strings.Split(after, "\n") {
		switch {
		case i < 2: // the rest of the headings, and the line below them
		case !strings.HasPrefix(line, "|"):
			return rows
		default:
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			for j, c := range cells {
				cells[j] = strings.TrimSpace(c)
				if cells[j] == "" {
					t.Errorf("README.md has an empty cell in %q", line)
				}
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// The settings in README.md are those that there are, in the same order, with
// the same variables and defaults.
func TestReadmeSettings(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(config.Sources{Files: configs.Files, Environ: []string{"HOME=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for _, s := range cfg.Effective() {
		fallback := "`" + s.Value + "`"
		switch {
		case s.Key == "data_dir":
			fallback = "the user's data folder"
		case s.Key == "database.url_direct":
			fallback = "`DATABASE_URL` if that is no pooler"
		case s.Value == "":
			fallback = "none"
		}
		want = append(want, []string{"`" + strings.Join(s.Env, "` or `") + "`", "`" + s.Key + "`", fallback})
	}
	var got [][]string
	for _, row := range table(t, "variable") {
		if len(row) != 4 {
			t.Fatalf("README.md has a row of settings with %d cells: %q", len(row), row)
		}
		got = append(got, []string{row[0], row[1], row[3]})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-program +README.md):\n%s", diff)
	}
}

// Every direct dependency and every pinned tool is in README.md with a reason.
func TestReadmeDependencies(t *testing.T) {
	t.Parallel()
	requirement := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // without "// indirect"
	var modules []string
	for _, m := range requirement.FindAllStringSubmatch(read(t, "go.mod"), -1) {
		modules = append(modules, "`"+m[1]+"`")
	}
	if len(modules) == 0 {
		t.Fatal("go.mod requires nothing that can be read")
	}
	if diff := cmp.Diff(modules, firsts(table(t, "module"))); diff != "" {
		t.Errorf("dependencies (-go.mod +README.md):\n%s", diff)
	}

	files, err := filepath.Glob(filepath.Join(repository, "platform", "tools", "*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var tools []string
	for _, f := range files {
		tools = append(tools, "`"+filepath.Base(filepath.Dir(f))+"`")
	}
	slices.Sort(tools)
	if diff := cmp.Diff(tools, firsts(table(t, "tool"))); diff != "" {
		t.Errorf("tools (-platform/tools +README.md):\n%s", diff)
	}
}

func firsts(rows [][]string) []string {
	var cells []string
	for _, r := range rows {
		cells = append(cells, r[0])
	}
	return cells
}

// The picture of the house has every room of the platform.
func TestReadmePicture(t *testing.T) {
	t.Parallel()
	_, after, _ := strings.Cut(read(t, "README.md"), "\n platform/ ")
	picture, _, found := strings.Cut(after, "\n```\n")
	if !found {
		t.Fatal("README.md has no picture with platform/ in it")
	}
	rooms, err := os.ReadDir(filepath.Join(repository, "platform"))
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms {
		if room.IsDir() && !slices.Contains(strings.Fields(picture), room.Name()) {
			t.Errorf("README.md's picture of the house lacks platform/%s", room.Name())
		}
	}
}

// The picture has every offer that links.go hands on.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	picture, _, _ := strings.Cut(read(t, "README.md"), "\n modules/ ")
	_, picture, found := strings.Cut(picture, "\n cmd/docket ")
	if !found {
		t.Fatal("README.md has no picture with cmd/docket and modules/ in it")
	}
	offers := 0
	ast.Inspect(parse(t, "links.go"), func(node ast.Node) bool {
		link, ok := node.(*ast.FuncLit)
		if !ok {
			return true
		}
		for _, param := range link.Type.Params.List {
			star, ok := param.Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			offer, ok := star.X.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			offers++
			drawn := regexp.MustCompile(`\b` + fmt.Sprint(offer.X) + ` ─+ ` + offer.Sel.Name + ` ─+▶`)
			if !drawn.MatchString(picture) {
				t.Errorf("README.md's picture of the house does not show what %s offers: %s", offer.X, offer.Sel.Name)
			}
		}
		return true
	})
	if offers == 0 {
		t.Error("links.go hands on nothing: the rule has lost its object")
	}
}

// What README.md calls not there yet is not there yet.
func TestReadmeNotThereYet(t *testing.T) {
	t.Parallel()
	_, missing, _ := strings.Cut(read(t, "README.md"), "\n## Not there yet\n")
	var lines []string // of the list of routes, without the operation
	for _, line := range served(assembled(t)) {
		lines = append(lines, strings.Join(strings.Fields(line)[:2], " "))
	}
	for _, call := range regexp.MustCompile("`([A-Z]+ /[^`]*)`").FindAllStringSubmatch(missing, -1) {
		method, path, _ := strings.Cut(call[1], " ")
		for _, base := range []string{"", httpx.BasePath} {
			if slices.Contains(lines, method+" "+base+path) {
				t.Errorf("README.md calls %s %s not there yet, and it is served", method, path)
			}
		}
	}
}

// The tasks and files that README.md names exist.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	readme, tasks := read(t, "README.md"), read(t, "Taskfile.yml")
	named := regexp.MustCompile("`task ([a-z:-]+)").FindAllStringSubmatch(readme, -1)
	named = append(named, regexp.MustCompile(`(?m)^task ([a-z:-]+)`).FindAllStringSubmatch(readme, -1)...)
	if len(named) < 3 {
		t.Errorf("README.md names the tasks %q: the rule has lost its object", named)
	}
	for _, n := range named {
		if !strings.Contains(tasks, "\n  "+n[1]+":\n") {
			t.Errorf("README.md names the task %s, which Taskfile.yml does not have", n[1])
		}
	}
	paths := regexp.MustCompile("(?:`|\\]\\(|^|\\s)((?:platform|cmd|configs|modules|\\.ci)/[a-zA-Z0-9_./-]*[a-zA-Z0-9])").FindAllStringSubmatch(readme, -1)
	if len(paths) < 10 {
		t.Errorf("README.md names the paths %q: the rule has lost its object", paths)
	}
	for _, p := range paths {
		if p[1] == "modules/note" { // what the generator would make
			continue
		}
		if _, err := os.Stat(filepath.Join(repository, p[1])); err != nil {
			t.Errorf("README.md names %s: %v", p[1], err)
		}
	}
}
