package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	schemaFile = "schema.hcl"
	// builtInFile is the copy of schemaFile that the program carries.
	builtInFile = "platform/schema/builtin.hcl"
	appFile     = "cmd/docket/app.go"
	// marker stands above the list of modules in appFile.
	marker = "// modules: one line each"
)

// change is one file to write. Paths are relative to the repository, with
// slashes.
type change struct {
	path   string
	before []byte // nil where the file is new
	after  []byte
}

// plan works out all that making the module n changes, and changes nothing.
func plan(root string, n names) ([]change, error) {
	texts, err := render(n)
	if err != nil {
		return nil, err
	}
	table := func(text []byte) ([]byte, error) {
		return append(bytes.TrimRight(text, "\n"), append([]byte("\n"), texts[schemaTemplate]...)...), nil
	}
	schema, err := edit(root, schemaFile, table)
	if err != nil {
		return nil, err
	}
	builtIn, err := edit(root, builtInFile, table)
	if err != nil {
		return nil, err
	}
	app, err := edit(root, appFile, func(text []byte) ([]byte, error) { return list(text, n) })
	if err != nil {
		return nil, err
	}
	delete(texts, schemaTemplate)
	changes := []change{schema, builtIn, app}
	for name, text := range texts {
		changes = append(changes, change{path: path.Join("modules", n.Name, name), after: text})
	}
	slices.SortFunc(changes[3:], func(a, b change) int { return strings.Compare(a.path, b.path) })
	return changes, nil
}

func edit(root, name string, revise func([]byte) ([]byte, error)) (change, error) {
	before, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return change{}, fmt.Errorf("add the module to %s: %w", name, err)
	}
	after, err := revise(slices.Clone(before))
	if err != nil {
		return change{}, fmt.Errorf("add the module to %s: %w", name, err)
	}
	return change{path: name, before: before, after: after}, nil
}

var (
	markerLine = regexp.MustCompile(`(?m)^([ \t]*)` + regexp.QuoteMeta(marker) + `\n((?:[ \t]*\w+\.Module,\n)*)`)
	importLine = regexp.MustCompile(`(?m)^\t"docket/modules/\w+"\n`)
)

// list adds the module n to the list of modules of a Go file, last, and to its
// imports, where gofmt puts it in order.
func list(text []byte, n names) ([]byte, error) {
	at := markerLine.FindSubmatchIndex(text)
	if at == nil {
		return nil, fmt.Errorf("there is no line %q to put it below", marker)
	}
	indent := text[at[2]:at[3]]
	text = slices.Insert(text, at[1], fmt.Appendf(nil, "%s%s.Module,\n", indent, n.Name)...)
	other := importLine.FindIndex(text)
	if other == nil {
		return nil, errors.New("it imports no module to put it beside")
	}
	text = slices.Insert(text, other[1], fmt.Appendf(nil, "\t\"docket/modules/%s\"\n", n.Name)...)
	return format.Source(text)
}

// apply writes the changes. Where one fails, those before it are undone.
func apply(root string, changes []change) error {
	for i, c := range changes {
		if err := c.write(root); err != nil {
			return errors.Join(fmt.Errorf("write %s: %w", c.path, err), undo(root, changes[:i+1]))
		}
	}
	return nil
}

func (c change) write(root string) error {
	name := filepath.Join(root, filepath.FromSlash(c.path))
	if c.before != nil {
		return os.WriteFile(name, c.after, 0o644) //nolint:gosec // source, for everybody to read
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // so are its folders
		return err
	}
	return os.WriteFile(name, c.after, 0o644) //nolint:gosec // source, for everybody to read
}

// undo puts files back that were there, and removes the module's folder, which
// was not.
func undo(root string, changes []change) error {
	var failures []error
	for _, c := range changes {
		if c.before != nil {
			failures = append(failures, os.WriteFile(filepath.Join(root, filepath.FromSlash(c.path)), c.before, 0o644)) //nolint:gosec // as it was
			continue
		}
		parts := strings.Split(c.path, "/") // modules, the module, …
		failures = append(failures, os.RemoveAll(filepath.Join(root, parts[0], parts[1])))
	}
	return errors.Join(failures...)
}

// refuseDirty refuses files with uncommitted changes, among which those made
// here would be hard to tell. Without git, or outside a working copy, there is
// nothing to mix up.
func refuseDirty(ctx context.Context, root string, files ...string) error {
	args := append([]string{"-C", root, "status", "--porcelain", "--"}, files...)
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return ctx.Err()
	}
	if len(out) > 0 {
		return fmt.Errorf("there are uncommitted changes (commit them first, or go ahead with -dirty):\n%s", out)
	}
	return nil
}

// report says what was made, and what to do next.
func report(n names, changes []change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Made the module %s:\n", n.Name)
	for _, c := range changes {
		verb := "new    "
		if c.before != nil {
			verb = "changed"
		}
		fmt.Fprintf(&b, "  %s  %s\n", verb, c.path)
	}
	fmt.Fprintf(&b, `
Next:
  1. go test ./modules/%[1]s/...
  2. go run ./cmd/docket serve, which brings the local database to the schema,
     then ask for /api/v1/%[2]s with the token it prints.
  3. Say what it is for in modules/%[1]s/README.md, and give it what it lacks: a column in
     %[3]s, a field in internal/core/%[1]s.go, a line each in store.go and dto.go.
  4. go test ./cmd/docket -run TestRoutes -update, which puts its routes on the list
     that is held; then go test ./...
`, n.Name, n.Plural, schemaFile)
	return b.String()
}
