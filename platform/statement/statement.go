// Package statement is the SQL of an operation as Docket was heard to send it:
// what pgbench and the bare server are given, so that neither has a copy that
// grows old.
package statement

import (
	"encoding/json"
	"fmt"
	"os"
)

// Role says what a value of a statement stands for, and so how another run of
// the statement gets its own.
type Role string

// The roles. A value without one is the same each time.
const (
	Constant Role = ""
	Owner    Role = "owner"    // the id of who asks
	ID       Role = "id"       // the id of the task
	Revision Role = "revision" // one more than the revision that was read
	Now      Role = "now"      // the time of the request
	Marked   Role = "marked"   // a text that has [Mark] in it
)

// Mark is the number in the title of a task whose statements are listened to;
// whoever sends them again puts another of seven digits in its place.
const Mark = "7340031"

// Param is one value of a statement, $1 being the first.
type Param struct {
	OID  uint32  `json:"oid"`  // of its type, as in pg_type
	Text *string `json:"text"` // as PostgreSQL prints it; nil is NULL
	Role Role    `json:"role,omitempty"`
}

// Statement is one statement and its values when it was heard.
type Statement struct {
	SQL    string  `json:"sql"`
	Params []Param `json:"params"`
}

// Operation is a request of the API that is measured.
type Operation string

// The operations.
const (
	Get    Operation = "get one"
	List   Operation = "list 50"
	Create Operation = "create"
	Update Operation = "update"
)

// Operations lists them all, in the order in which they are measured.
func Operations() []Operation { return []Operation{Get, List, Create, Update} }

// Script is what each operation sends, in order.
type Script map[Operation][]Statement

// Who is a user that a server is asked as.
type Who struct {
	Token string `json:"token"`
	Owner string `json:"owner"` // its id
}

// Plan is all that the bare server is told.
type Plan struct {
	DatabaseURL string `json:"database_url"`
	Users       []Who  `json:"users"`
	Script      Script `json:"script"`
}

// Write puts p into a file.
func (p Plan) Write(file string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the plan: %w", err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// ReadPlan reads what [Plan.Write] wrote.
func ReadPlan(file string) (Plan, error) {
	var p Plan
	text, err := os.ReadFile(file)
	if err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	return p, nil
}
