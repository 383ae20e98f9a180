package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"strings"
	"text/template"
)

// The templates, in the folders where what they make belongs. Their
// placeholders are << >>, since Go is full of the usual braces; NAME in the name of a
// file is the module's.
//
//go:embed templates
var templates embed.FS

const (
	templateRoot   = "templates"
	templateSuffix = ".tmpl"
	// schemaTemplate is what the module adds to the schema.
	schemaTemplate = "schema.hcl"
)

// render fills in all templates and returns the texts by path, relative to the
// module's folder. Go is formatted, since the length of a name moves columns.
func render(n names) (map[string][]byte, error) {
	texts := map[string][]byte{}
	err := fs.WalkDir(templates, templateRoot, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fill(name, n)
		if err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, templateRoot+"/"), templateSuffix)
		texts[strings.ReplaceAll(name, "NAME", n.Name)] = text
		return nil
	})
	if err != nil {
		return nil, err
	}
	return texts, nil
}

func fill(name string, n names) ([]byte, error) {
	text, err := templates.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Delims("<<", ">>").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, n); err != nil {
		return nil, err
	}
	if path.Ext(strings.TrimSuffix(name, templateSuffix)) != ".go" {
		return out.Bytes(), nil
	}
	return format.Source(out.Bytes())
}

// templateWords lists the identifiers of the templates and the names of their
// files. A module of such a name would not compile, or not read well.
func templateWords() (map[string]bool, error) {
	const nobody = "zzz"
	texts, err := render(newNames(nobody, ""))
	if err != nil {
		return nil, err
	}
	words := map[string]bool{}
	for name, text := range texts {
		stem, _, _ := strings.Cut(path.Base(name), ".")
		words[strings.ToLower(stem)] = true
		if path.Ext(name) != ".go" {
			continue
		}
		var s scanner.Scanner
		file := token.NewFileSet().AddFile(name, -1, len(text))
		s.Init(file, text, nil, 0)
		for {
			_, kind, literal := s.Scan()
			if kind == token.EOF {
				break
			}
			if kind == token.IDENT {
				words[literal] = true
			}
		}
	}
	return words, nil
}
