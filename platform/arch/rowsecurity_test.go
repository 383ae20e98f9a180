package arch

import (
	"testing"

	"docket/platform/rowsecurity"
)

// Tables whose rows have no owner in user_id are not seen to by themselves.
func TestEveryTableIsSecured(t *testing.T) {
	t.Parallel()
	all, _ := realTables(t)
	for _, table := range all {
		if !table.ownedByUser() && !rowsecurity.Knows(table.name) {
			t.Errorf("%s:%d: whose rows are those of %s? Give it a column user_id, or say in platform/rowsecurity, among the exceptions, who meets which", schemaFile, table.line, table.name)
		}
	}
}
