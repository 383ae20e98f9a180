package schema

import _ "embed"

// builtIn is a copy of schema.hcl, which lies where a Go package cannot embed
// it. A test holds the two together.
//
//go:embed builtin.hcl
var builtIn string

// BuiltIn returns the text of the schema.hcl that the program was built with:
// what its database should have in it, wherever it runs.
func BuiltIn() []byte { return []byte(builtIn) }
