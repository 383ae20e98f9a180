package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// names is what a module is called, in each way that the templates need.
type names struct {
	Name     string // note
	Plural   string // notes: the table, and the path
	Type     string // Note
	Types    string // Notes
	One      string // a note
	TitleOne string // A note
}

// newNames derives the names from a singular, and a plural unless that is "".
func newNames(name, plural string) names {
	if plural == "" {
		plural = pluralOf(name)
	}
	article := "a"
	if name != "" && strings.Contains("aeio", name[:1]) {
		article = "an"
	}
	return names{
		Name: name, Plural: plural, Type: title(name), Types: title(plural),
		One: article + " " + name, TitleOne: title(article) + " " + name,
	}
}

func title(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

var (
	endsInConsonantY = regexp.MustCompile(`[^aeiou]y$`)
	endsInSibilant   = regexp.MustCompile(`(s|x|z|ch|sh)$`)
)

// pluralOf is right for most English nouns; -plural is for the others.
func pluralOf(name string) string {
	switch {
	case endsInConsonantY.MatchString(name):
		return strings.TrimSuffix(name, "y") + "ies"
	case endsInSibilant.MatchString(name):
		return name + "es"
	default:
		return name + "s"
	}
}

// maxName bounds a name, in bytes. With what the schema adds it stays below the
// 63 bytes of a name in PostgreSQL.
const maxName = 32

var wellFormed = regexp.MustCompile(`^[a-z][a-z0-9]+$`)

// elsewhere are names that mean something outside the templates: to the go
// command as folders, to the program as paths below /api/v1.
var elsewhere = []string{"all", "auth", "batch", "cmd", "docket", "internal", "main", "std", "testdata", "vendor"}

// reservedInSQL are the words that PostgreSQL 18 keeps from being the name of
// a table: "reserved" in appendix C of its manual, and those that may only name
// a function or a type.
var reservedInSQL = strings.Fields(`all analyse analyze and any array as asc asymmetric authorization binary both
	case cast check collate collation column concurrently constraint create cross current_catalog current_date current_role
	current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch
	for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left
	like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
	references returning right select session_user similar some symmetric system_user table tablesample then to trailing true
	union unique user using variadic verbose when where window with`)

// check refuses names that cannot work, whatever the repository holds.
func (n names) check() error {
	for _, word := range []string{n.Name, n.Plural} {
		switch {
		case !wellFormed.MatchString(word):
			return fmt.Errorf("%q is no name for a module: use one word of lower-case letters and digits, a letter first, such as note", word)
		case len(word) > maxName:
			return fmt.Errorf("%q is too long: a name has at most %d letters", word, maxName)
		case token.IsKeyword(word):
			return fmt.Errorf("%q is a keyword of Go", word)
		case types.Universe.Lookup(word) != nil:
			return fmt.Errorf("%q is predeclared in Go", word)
		case slices.Contains(elsewhere, word):
			return fmt.Errorf("%q means something else to Go or to Docket", word)
		}
	}
	if slices.Contains(reservedInSQL, n.Plural) {
		return fmt.Errorf("%q is a reserved word of PostgreSQL: choose the table's name with -plural", n.Plural)
	}
	taken, err := templateWords()
	if err != nil {
		return err
	}
	for _, word := range []string{n.Name, n.Plural, n.Type, n.Types} {
		if taken[word] {
			return fmt.Errorf("%q means something in every module already: choose another word for the same thing", word)
		}
	}
	return nil
}

var (
	tableName = regexp.MustCompile(`(?m)^table "(\w+)"`)
	routePath = regexp.MustCompile(`"/([a-z0-9]+)`)
)

// checkFree refuses names that something in the repository has.
func (n names) checkFree(root string) error {
	modules, err := os.ReadDir(filepath.Join(root, "modules"))
	if err != nil {
		return fmt.Errorf("look at the modules there are: %w", err)
	}
	for _, m := range modules {
		switch m.Name() {
		case n.Name:
			return fmt.Errorf("modules/%s exists", n.Name)
		case n.Plural:
			return fmt.Errorf("%q is a module: choose another plural with -plural", n.Plural)
		}
		routes, err := os.ReadFile(filepath.Join(root, "modules", m.Name(), "internal", "rest", "routes.go"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look at the routes there are: %w", err)
		}
		if word := clash(n, routePath, routes); word != "" {
			return fmt.Errorf("modules/%s serves /%s: choose another name, or with -plural another path", m.Name(), word)
		}
	}
	schema, err := os.ReadFile(filepath.Join(root, schemaFile))
	if err != nil {
		return fmt.Errorf("look at the tables there are: %w", err)
	}
	if word := clash(n, tableName, schema); word != "" {
		return fmt.Errorf("%s has a table %q: choose another name, or with -plural another table", schemaFile, word)
	}
	return n.checkProgram(filepath.Join(root, "cmd", "docket"))
}

// clash returns which of n's words the pattern finds in text, or "".
func clash(n names, pattern *regexp.Regexp, text []byte) string {
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		if word := string(m[1]); word == n.Name || word == n.Plural {
			return word
		}
	}
	return ""
}

// checkProgram refuses a name that the program's own package declares, or
// imports where the module would be imported.
func (n names) checkProgram(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return fmt.Errorf("look at cmd/docket: %w", err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("look at cmd/docket: %w", err)
		}
		if slices.Contains(scope(file), n.Name) {
			return fmt.Errorf("cmd/docket/%s uses the name %q: choose another", filepath.Base(path), n.Name)
		}
	}
	return nil
}

// scope lists the names that a file declares or imports.
func scope(file *ast.File) []string {
	var found []string
	for _, i := range file.Imports {
		if i.Name != nil {
			found = append(found, i.Name.Name)
		} else {
			path := strings.Trim(i.Path.Value, `"`)
			found = append(found, path[strings.LastIndex(path, "/")+1:])
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil { // a method is in no file's scope
				found = append(found, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					found = append(found, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						found = append(found, name.Name)
					}
				}
			}
		}
	}
	return found
}
