// Package docket carries schema.hcl inside the one binary, which must know what
// its database should have in it wherever it runs.
package docket

import _ "embed"

// Schema is the text of schema.hcl.
//
//go:embed schema.hcl
var Schema []byte
