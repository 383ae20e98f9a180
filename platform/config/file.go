package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is one file of settings, read strictly: viper alone would take typos,
// repeated keys and a second document without a word, and YAML itself would
// turn text into numbers and times.
type file struct {
	name   string         // as messages call it
	values map[string]any // nested; leaves are string or []any
	lines  map[string]int // of each key that it sets
}

// readFile reads one of the source's files and reports what is wrong with it.
func (l *loader) readFile(base string) file {
	f := file{name: l.src.FilesName + "/" + base, values: map[string]any{}, lines: map[string]int{}}
	data, err := fs.ReadFile(l.src.Files, base)
	if err != nil {
		problem := "cannot be read: " + err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			problem = "does not exist"
		}
		l.add(Fault{Origin: f.name, Problem: problem, Allowed: "default.yaml and one file for each environment"})
		return f
	}
	root, err := parseYAML(data)
	if err != nil {
		l.add(Fault{Origin: f.name, Problem: err.Error()})
		return f
	}
	if root != nil {
		f.values = l.section(f, root, "")
	}
	return f
}

// forget drops a top-level key.
func (f file) forget(key string) {
	delete(f.values, key)
	delete(f.lines, key)
}

// parseYAML returns the one mapping of a file, or nil for a file that holds
// only comments.
func parseYAML(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("is not YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document, or something after the first that is not YAML")
	}
	root := doc.Content[0]
	if line := aliasLine(root); line > 0 {
		return nil, fmt.Errorf("uses an alias in line %d; write the value out", line)
	}
	if isNull(root) {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("is not a mapping of settings")
	}
	return root, nil
}

// section walks a mapping whose keys all begin with prefix.
func (l *loader) section(f file, node *yaml.Node, prefix string) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := prefix + name.Value
		at := origin{f.name, name.Line}.String()
		_, leaf := lookup(key)
		switch _, repeated := out[name.Value]; {
		case repeated:
			l.add(Fault{Key: key, Origin: at, Problem: "is set twice in one file"})
		case strings.Contains(name.Value, "."):
			l.add(Fault{Key: key, Origin: at, Problem: "has a dot in its name; sections are written nested"})
		case leaf && isNull(value):
			l.add(Fault{Key: key, Origin: at, Problem: `has no value; remove the line, or write "" or [] for none`})
		case leaf:
			f.lines[key] = name.Line
			out[name.Value] = plain(value)
		case !isSection(key):
			l.add(Fault{Key: key, Origin: at, Problem: "no such setting; the nearest is " + nearestKey(key)})
		case isNull(value): // all its lines are commented out
		case value.Kind != yaml.MappingNode:
			l.add(Fault{Key: key, Origin: at, Problem: "is a section of settings, not a value"})
		default:
			out[name.Value] = l.section(f, value, key+".")
		}
	}
	return out
}

// isSection reports whether settings lie below key.
func isSection(key string) bool {
	for _, s := range settings {
		if strings.HasPrefix(s.key, key+".") {
			return true
		}
	}
	return false
}

// plain turns a node into string, []any or map[string]any, scalars as they are
// written.
func plain(node *yaml.Node) any {
	switch node.Kind {
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			list = append(list, plain(item))
		}
		return list
	case yaml.MappingNode:
		mapping := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			mapping[node.Content[i].Value] = plain(node.Content[i+1])
		}
		return mapping
	default:
		if isNull(node) {
			return ""
		}
		return node.Value
	}
}

// aliasLine returns the line of the first alias in node, or 0. Aliases are
// refused: one that holds itself would have no end.
func aliasLine(node *yaml.Node) int {
	if node.Kind == yaml.AliasNode {
		return node.Line
	}
	for _, child := range node.Content {
		if line := aliasLine(child); line > 0 {
			return line
		}
	}
	return 0
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
