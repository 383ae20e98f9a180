// Package configs carries the configuration files inside the one binary.
// platform/config reads them; a folder of the same shape can take their place
// (docket --configs DIR).
package configs

import "embed"

// Files holds default.yaml and one file for each environment.
//
//go:embed *.yaml
var Files embed.FS
