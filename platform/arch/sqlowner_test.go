package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ownerTerms counts the conditions on the owner that hold whatever else a
// statement says: user_id = $1 (squirrel has ? for it), or one user_id equal to
// another, joined by AND alone to the rest of a WHERE or of the ON of a join, or a
// USING (user_id, …). The same condition said twice counts once, and one in an ON
// only if it is about the table that is joined there. bound says that one of them
// is about $1.
//
// Like [relations] it is no parser, and errs on the side of a condition too few.
func ownerTerms(tokens []sqlToken) (n int, bound bool) {
	w := ownerWalk{tokens: tokens, opens: parentheses(tokens)}
	seen := map[string]bool{}
	for i, t := range tokens {
		term, ok := w.term(i)
		if t.is("USING") && w.at(i+1).text == "(" {
			term, ok = w.using(i)
		}
		if ok {
			seen[term.String()] = true
			bound = bound || term.bound
		}
	}
	return len(seen), bound
}

// ownerTerm is one condition on the owner.
type ownerTerm struct {
	scope       int // the clause that it is in
	left, right string
	bound       bool
}

func (t ownerTerm) String() string { return fmt.Sprint(t.scope, t.left, "=", t.right) }

type ownerWalk struct {
	tokens []sqlToken
	// opens has, for each token, the parenthesis that it is directly in, or -1;
	// for a parenthesis, the one around it.
	opens []int
}

func parentheses(tokens []sqlToken) []int {
	opens, stack := make([]int, len(tokens)), []int{-1}
	for i, t := range tokens {
		if t.text == ")" && len(stack) > 1 {
			stack = stack[:len(stack)-1]
		}
		opens[i] = stack[len(stack)-1]
		if t.text == "(" {
			stack = append(stack, i)
		}
	}
	return opens
}

func (w ownerWalk) at(i int) sqlToken {
	if i < 0 || i >= len(w.tokens) {
		return sqlToken{}
	}
	return w.tokens[i]
}

// column reads user_id or qualifier.user_id from i on.
func (w ownerWalk) column(i int) (qualifier string, next int, ok bool) {
	if w.at(i+1).text == "." {
		qualifier, i = strings.ToLower(w.at(i).text), i+2
	}
	return qualifier, i + 1, strings.EqualFold(w.at(i).text, ownerColumn)
}

// term reads the condition that begins at i.
func (w ownerWalk) term(i int) (ownerTerm, bool) {
	left, next, ok := w.column(i)
	if !ok || w.at(next).text != "=" || w.at(i-1).text == "." {
		return ownerTerm{}, false
	}
	t := ownerTerm{left: left}
	if right, after, ok := w.column(next + 1); ok {
		t.right, next = right, after
	} else {
		p := w.at(next + 1).text
		t.bound, next = p == "$1" || p == "?", next+2
		if !t.bound {
			return ownerTerm{}, false
		}
	}
	if w.at(next).text == ":" && w.at(next+1).text == ":" {
		next += 3
	}
	clause, ok := w.clause(i, next)
	t.scope = clause
	return t, ok && (t.bound || t.left != t.right) && w.about(clause, t)
}

// using reads USING (…) at i.
func (w ownerWalk) using(i int) (ownerTerm, bool) {
	for j := i + 2; j < len(w.tokens) && w.opens[j] == i+1 && w.at(j).text != ")"; j++ {
		if strings.EqualFold(w.tokens[j].text, ownerColumn) {
			return ownerTerm{scope: i}, true
		}
	}
	return ownerTerm{}, false
}

var (
	// clauseWords begin a part of a statement, or of a join.
	clauseWords = append([]string{"ON", "FROM", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "USING", "CASE", "THEN", "ELSE", "DO"}, endOfFrom...)
	// conditionWords begin one that only what meets a condition gets through.
	conditionWords = []string{"WHERE", "ON"}
)

// clause returns the WHERE or ON that the condition from begin to end is in, if
// it must hold there: only AND and parentheses stand between the two.
func (w ownerWalk) clause(begin, end int) (int, bool) {
	open := w.opens[begin]
	before := w.at(begin - 1)
	if !(before.is("AND") || before.is(conditionWords...) || begin-1 == open && open >= 0) || !w.ends(end) {
		return 0, false
	}
	for i := begin - 1; i > open; i-- {
		switch t := w.tokens[i]; {
		case w.opens[i] != open:
		case t.is("OR"):
			return 0, false
		case t.is(conditionWords...):
			return i, !w.orFrom(end, open)
		case t.is(clauseWords...):
			return 0, false
		}
	}
	if open < 0 { // a fragment, whose clause is in another text
		return -1, (before.is("AND") || begin == 0) && !w.orFrom(end, open)
	}
	if w.orFrom(end, open) {
		return 0, false
	}
	end = w.closes(open) + 1
	if w.at(end).is("IS") && w.at(end+1).is("TRUE") {
		end += 2
	}
	return w.clause(open, end)
}

// orFrom reports whether an OR comes in the rest of the clause.
func (w ownerWalk) orFrom(i, open int) bool {
	for ; i < len(w.tokens); i++ {
		switch t := w.tokens[i]; {
		case i == w.closes(open):
			return false
		case w.opens[i] != open:
		case t.is("OR"):
			return true
		case t.is(clauseWords...):
			return false
		}
	}
	return false
}

// closes is the index of the parenthesis that closes the one at open; len(tokens)
// if none does.
func (w ownerWalk) closes(open int) int {
	for i := open + 1; open >= 0 && i < len(w.tokens); i++ {
		if w.tokens[i].text == ")" && w.opens[i] == w.opens[open] {
			return i
		}
	}
	return len(w.tokens)
}

// ends reports whether nothing goes on at i with the expression before it.
func (w ownerWalk) ends(i int) bool {
	t := w.at(i)
	return i >= len(w.tokens) || t.text == ")" || t.text == hole || t.text == ";" || t.is("AND") || t.is(clauseWords...)
}

// about reports whether a condition in an ON narrows the table joined there; that
// of a RIGHT or FULL JOIN narrows nothing.
func (w ownerWalk) about(clause int, t ownerTerm) bool {
	if clause < 0 || !w.at(clause).is("ON") {
		return true
	}
	i := clause - 1
	for i > 0 && !(w.opens[i] == w.opens[clause] && w.tokens[i].is("JOIN")) {
		i--
	}
	for j := i - 1; j >= i-2; j-- {
		if w.at(j).is("RIGHT", "FULL") {
			return false
		}
	}
	joined := strings.ToLower(w.at(clause - 1).text) // the table, or what it is called here
	return slices.Contains([]string{t.left, t.right}, joined)
}

// insertsOwner reports whether the INSERT at i lists user_id among its columns,
// and puts $1 there: of several rows, in the first.
func (w ownerWalk) insertsOwner(i int) bool {
	for i < len(w.tokens) && w.tokens[i].text != "(" {
		i++
	}
	position, depth := -1, 0
	end := w.closes(i)
	for j := i + 1; j < end; j++ {
		switch {
		case strings.EqualFold(w.tokens[j].text, ownerColumn):
			position = depth
		case w.tokens[j].text == ",":
			depth++
		}
	}
	values := end + 1
	switch {
	case position < 0:
		return false
	case w.at(values).is("VALUES"):
		values++
	case !w.at(values).is("SELECT"):
		return false
	}
	level := w.opens[end]
	if w.tokens[values].text == "(" {
		level = values
	}
	comma := 0
	for j := values + 1; j < len(w.tokens); j++ {
		if w.opens[j] == level && w.tokens[j].text == "," {
			comma++
			continue
		}
		if comma == position {
			next := w.at(j + 1)
			return w.at(j).text == "$1" && (next.text == "," || next.text == ")" || next.text == "" || next.text == ":" || next.is(clauseWords...))
		}
	}
	return false
}

func TestOwnerTerms(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]int{
		`SELECT 1 FROM a WHERE user_id = $1`:                                                            1,
		`SELECT 1 FROM a WHERE x = 1 AND a.user_id=$1::uuid ORDER BY y`:                                 1,
		`SELECT 1 FROM a WHERE (user_id = $1) IS TRUE AND x`:                                            1,
		`SELECT 1 FROM a WHERE NOT x AND (user_id = ? AND (y OR z))`:                                    1,
		`SELECT 1 FROM a JOIN b ON b.user_id = a.user_id AND b.x = a.x WHERE a.user_id = $1`:            2,
		`SELECT 1 FROM a JOIN b AS c ON c.user_id = $1 AND c.x = a.x WHERE a.user_id = $1`:              2,
		`SELECT 1 FROM a JOIN b USING (user_id, id) WHERE a.user_id = $1`:                               2,
		`SELECT 1 FROM a WHERE user_id = $1 UNION ALL SELECT 1 FROM b WHERE user_id = $1`:               2,
		`SELECT 1 FROM a WHERE user_id = $1 AND x IN (SELECT x FROM b WHERE user_id = $1)`:              2,
		`SELECT count(*) FILTER (WHERE x OR y) FROM a WHERE user_id = $1 AND z`:                         1,
		`AND EXISTS (SELECT FROM b WHERE b.user_id = a.user_id)`:                                        1,
		`SELECT a.user_id, user_id = $1, b.user_id = a.user_id FROM a`:                                  0,
		`SELECT 1 FROM a WHERE user_id = $1 OR true`:                                                    0,
		`SELECT 1 FROM a WHERE true OR x AND user_id = $1`:                                              0,
		`SELECT 1 FROM a WHERE (user_id = $1 OR true)`:                                                  0,
		`SELECT 1 FROM a WHERE (user_id = $1) OR x`:                                                     0,
		`SELECT 1 FROM a WHERE x OR (y AND user_id = $1)`:                                               0,
		`SELECT 1 FROM a WHERE NOT user_id = $1`:                                                        0,
		`SELECT 1 FROM a WHERE NOT (user_id = $1)`:                                                      0,
		`SELECT 1 FROM a WHERE NOT (x AND user_id = $1)`:                                                0,
		`SELECT 1 FROM a WHERE (user_id = $1) IS NOT TRUE`:                                              0,
		`SELECT 1 FROM a WHERE user_id = $1 IS FALSE`:                                                   0,
		`SELECT 1 FROM a WHERE user_id = $12`:                                                           0,
		`SELECT 1 FROM a WHERE user_id <> $1`:                                                           0,
		`SELECT 1 FROM a WHERE f(user_id = $1)`:                                                         0,
		`SELECT 1 FROM a WHERE CASE WHEN user_id = $1 THEN true ELSE true END`:                          0,
		`SELECT 1 FROM a WHERE a.user_id = a.user_id`:                                                   0,
		`SELECT 1 FROM a JOIN b ON b.x = a.x AND a.user_id = $1`:                                        0,
		`SELECT 1 FROM a LEFT JOIN b ON b.x = a.x AND a.user_id = $1`:                                   0,
		`SELECT 1 FROM a RIGHT OUTER JOIN b ON b.user_id = $1`:                                          0,
		`SELECT 1 FROM a WHERE user_id = $1 AND user_id = $1`:                                           1,
		`SELECT x FROM a GROUP BY x HAVING user_id = $1`:                                                0,
		`UPDATE a SET user_id = $1`:                                                                     0,
		`SELECT 1 FROM a WHERE 'user_id = $1' = x -- user_id = $1`:                                      0,
		`SELECT tasks.id, tasks.user_id FROM b JOIN tasks ON tasks.id = b.task_id WHERE b.user_id = $1`: 1,
	} {
		if got, _ := ownerTerms(sqlTokens(sql)); got != want {
			t.Errorf("%s\nhas %d conditions on the owner, want %d", sql, got, want)
		}
	}
}
