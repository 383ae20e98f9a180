// Package rowsecurity is Docket's second wall between users: row-level security
// of PostgreSQL, which lets a statement see the rows of one owner alone, however
// it is written.
//
// [Secure] brings a database to it and [Inspect] says what is missing. Both go by
// the tables that are there: whatever has a column user_id is a table of users.
// https://www.postgresql.org/docs/current/ddl-rowsecurity.html
package rowsecurity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"docket/platform/postgres"
)

// DefaultRole is the login role that the service has unless told otherwise.
const DefaultRole = "docket_app"

// ownerColumn is what makes a table one of users.
const ownerColumn = "user_id"

// ownRows is the policy of every table of users.
const ownRows = "own_rows"

// setting reads a setting of a transaction; the scalar subquery has it read once
// a statement and not once a row.
func setting(name string) string {
	return "nullif(current_setting('" + name + "', true), '')"
}

// atDoor is the key of a statement that comes through a door, and null for any
// other, which no comparison is true of.
func atDoor(door, asType string) string {
	return "(SELECT CASE WHEN current_setting('" + postgres.DoorSetting + "', true) = '" + door +
		"' THEN " + setting(postgres.KeySetting) + "::" + asType + " END)"
}

// policy is one row-level security policy, for every role.
type policy struct {
	name string
	// command is ALL, SELECT, INSERT, UPDATE or DELETE.
	command string
	// using says which rows can be met, and check which can be left behind; ""
	// where the command has no such half.
	using, check string
	// restrictive policies take away from what the others show.
	restrictive bool
}

// clauses is the policy as CREATE POLICY has it, after the table.
func (p policy) clauses() string {
	var b strings.Builder
	if p.restrictive {
		b.WriteString("AS RESTRICTIVE ")
	}
	fmt.Fprintf(&b, "FOR %s TO PUBLIC", p.command)
	if p.using != "" {
		fmt.Fprintf(&b, " USING (%s)", p.using)
	}
	if p.check != "" {
		fmt.Fprintf(&b, " WITH CHECK (%s)", p.check)
	}
	return b.String()
}

// digest tells this policy from others of its name.
func (p policy) digest() string {
	sum := sha256.Sum256([]byte(p.clauses()))
	return hex.EncodeToString(sum[:8])
}

// owned is the policy of a table whose owner is in column.
func owned(column string) policy {
	own := fmt.Sprintf("%s = (SELECT %s::uuid)", column, setting(postgres.OwnerSetting))
	return policy{name: ownRows, command: "ALL", using: own, check: own}
}

// door makes policies of a door for some commands. A row that can be met there
// for an UPDATE can be locked and nothing else: none may be left behind.
func door(name, using string, commands ...string) []policy {
	var all []policy
	for _, c := range commands {
		p := policy{name: name + "_" + strings.ToLower(c), command: c, using: using}
		switch c {
		case "INSERT":
			p.using, p.check = "", using
		case "UPDATE":
			p.check = "false"
		}
		all = append(all, p)
	}
	return all
}

// table is what is wanted of one table.
type table struct {
	name     string
	policies []policy
	// privileges are those of the service's role.
	privileges []string
}

// unforced reports whether the table has no rows of users.
func (t table) unforced() bool { return len(t.policies) == 0 }

var changes = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// ofUsers is a table that has nothing but the column user_id to say about it.
func ofUsers(name string) table {
	return table{name: name, policies: []policy{owned(ownerColumn)}, privileges: changes}
}

// wordsOfUsers is a table whose index of words a search is to go by, see
// [postgres.Seeking]; without one, the policy asks for the lack of a word that no
// row has. IS TRUE keeps the primary key from being preferred, by which all rows
// of the owner would be read.
func wordsOfUsers(name, words string) table {
	t := ofUsers(name)
	own := &t.policies[0]
	own.using = "(" + own.using + ") IS TRUE"
	own.check = own.using
	t.policies = append(t.policies, policy{
		name: "sought", command: "SELECT", restrictive: true,
		using: words + " @@ (SELECT coalesce(" + setting(postgres.SoughtSetting) + ", '!" + postgres.NoWord + "')::tsquery)",
	})
	return t
}

// exceptions are the tables about which there is more to say. They belong to
// modules and to the platform, and are listed here because a database is secured
// where no module is: by the tests of each, and by `docket db secure`.
func exceptions() []table {
	subject := "issuer || chr(10) || subject = " + atDoor(postgres.DoorSubject, "text")
	users := table{name: "users", privileges: changes}
	users.policies = append([]policy{owned("id")}, door(postgres.DoorSubject, subject, "SELECT", "INSERT")...)

	tombstones := table{name: "tombstones", privileges: changes}
	tombstones.policies = append([]policy{owned("id")}, door(postgres.DoorSubject, subject, "SELECT")...)
	tombstones.policies = append(tombstones.policies, door(postgres.DoorErase,
		"finished_at IS NULL AND (SELECT current_setting('"+postgres.DoorSetting+"', true)) = '"+postgres.DoorErase+"'", "SELECT", "UPDATE")...)
	tombstones.policies = append(tombstones.policies, door(postgres.DoorErased,
		"erased_at >= (SELECT CASE WHEN current_setting('"+postgres.DoorSetting+"', true) = '"+postgres.DoorErased+
			"' THEN coalesce("+setting(postgres.KeySetting)+"::timestamptz, now()) - interval '1 minute' END)", "SELECT")...)
	tombstones.policies = append(tombstones.policies, door(postgres.DoorExpired,
		"finished_at <= "+atDoor(postgres.DoorExpired, "timestamptz"), "SELECT", "UPDATE", "DELETE")...)

	answers := ofUsers("idempotency_keys")
	answers.policies = append(answers.policies, door(postgres.DoorExpired,
		"expires_at <= "+atDoor(postgres.DoorExpired, "timestamptz"), "SELECT", "UPDATE", "DELETE")...)

	// Secrets of the service itself, which it makes and never changes.
	return []table{users, tombstones, answers, wordsOfUsers("task_search", "words"), {name: "service_keys", privileges: []string{"SELECT", "INSERT"}}}
}

// Knows reports whether a table is secured although it has no column user_id.
func Knows(name string) bool {
	for _, t := range exceptions() {
		if t.name == name {
			return true
		}
	}
	return false
}
