package schema

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// notReadYet, in the line above a table or a column, says that this release
// does not use it: a change ships in two steps, and may reach the database after
// the program that declares it.
const notReadYet = "// not read yet"

// Column is a column of a table.
type Column struct{ Table, Name string }

func (c Column) String() string { return c.Table + "." + c.Name }

// Needs lists the columns that the text of a schema.hcl declares, in its order,
// but for those below a line "// not read yet".
func Needs(text []byte) ([]Column, error) {
	file, diags := hclsyntax.ParseConfig(text, File, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("read what the program needs of its database: %w", diags)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil, fmt.Errorf("read the blocks of %s: unexpected %T", File, file.Body)
	}
	lines := strings.Split(string(text), "\n")
	var needed []Column
	for _, table := range readBlocks(body, "table", lines) {
		for _, column := range readBlocks(table.Body, "column", lines) {
			needed = append(needed, Column{table.Labels[0], column.Labels[0]})
		}
	}
	return needed, nil
}

// readBlocks lists the blocks of a type that have a name and are read.
func readBlocks(body *hclsyntax.Body, kind string, lines []string) []*hclsyntax.Block {
	var read []*hclsyntax.Block
	for _, b := range body.Blocks {
		above := b.DefRange().Start.Line - 2 // lines count from 1
		marked := above >= 0 && above < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[above]), notReadYet)
		if b.Type == kind && len(b.Labels) == 1 && !marked {
			read = append(read, b)
		}
	}
	return read
}
