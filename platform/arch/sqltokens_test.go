package arch

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hole stands in a statement for what is only known when the program runs.
const hole = "\x00"

// sqlToken is a word, a quoted identifier, or one character of punctuation.
type sqlToken struct {
	text   string
	word   bool
	quoted bool
}

func (t sqlToken) is(keywords ...string) bool {
	return t.word && slices.Contains(keywords, strings.ToUpper(t.text))
}

// sqlLexeme splits SQL: comments, strings, parameters, words (with verbs of
// fmt counted as holes), and any other single character.
var sqlLexeme = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$\d+|"([^"]+)"|[\pL_][\pL\pN_]*|\d+|%(?:\[\d+\])?[a-z]|\S`)

var sqlWord = regexp.MustCompile(`^[\pL_]`)

func sqlTokens(text string) []sqlToken {
	var all []sqlToken
	for _, m := range sqlLexeme.FindAllStringSubmatch(text, -1) {
		switch lexeme := m[0]; {
		case strings.HasPrefix(lexeme, "--"), strings.HasPrefix(lexeme, "/*"), strings.HasPrefix(lexeme, "'"):
		case m[1] != "":
			all = append(all, sqlToken{text: m[1], quoted: true})
		case strings.HasPrefix(lexeme, "%") && len(lexeme) > 1:
			all = append(all, sqlToken{text: hole})
		default:
			all = append(all, sqlToken{text: lexeme, word: sqlWord.MatchString(lexeme)})
		}
	}
	return all
}

// relations lists the tables that SQL, or a fragment of it, reads or writes, in
// the order in which it names them and as often. A table whose name is only
// known when the program runs is listed as a hole.
//
// It is not a parser of SQL. It follows the clauses that name tables and errs,
// where a construct is unknown to it, on the side of seeing a table too many.
func relations(tokens []sqlToken) []string {
	w := relationWalk{tokens: tokens, with: withNames(tokens), frames: []sqlFrame{{}}}
	for i := range tokens {
		w.step(i)
	}
	return w.found
}

type relationWalk struct {
	tokens []sqlToken
	with   []string
	frames []sqlFrame
	found  []string
}

// sqlFrame is what is known inside one pair of parentheses.
type sqlFrame struct {
	function string // what stands before the parenthesis
	expect   bool   // a table comes next
	into     bool   // and is followed by its columns, not called as a function
	list     bool   // inside FROM or USING: a comma brings another table
}

var (
	// fromIsNotAClause in the arguments of these.
	fromIsNotAClause = []string{"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"}
	endOfFrom        = []string{"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "SET", "RETURNING", "UNION", "EXCEPT", "INTERSECT", "FOR", "WINDOW", "FETCH", "VALUES", "SELECT", "WHEN"}
)

func (w *relationWalk) step(i int) {
	t, f := w.tokens[i], &w.frames[len(w.frames)-1]
	switch {
	case t.text == "(":
		f.expect = false
		w.frames = append(w.frames, sqlFrame{function: w.at(i - 1).text})
	case t.text == ")":
		if len(w.frames) > 1 {
			w.frames = w.frames[:len(w.frames)-1]
		}
	case f.expect && t.is("ONLY", "LATERAL", "TABLE", "IF", "NOT", "EXISTS"):
	case f.expect && t.is("SET", "VALUES", "SELECT"):
		f.expect = false
	case f.expect:
		w.relation(i, f)
	case t.text == "," && f.list:
		f.expect, f.into = true, false
	case t.is(endOfFrom...):
		f.list = false
	default:
		w.clause(i, f)
	}
}

// clause sees whether a keyword brings a table.
func (w *relationWalk) clause(i int, f *sqlFrame) {
	t, before, next := w.tokens[i], w.at(i-1), w.at(i+1)
	switch {
	case t.is("FROM") && !before.is("DISTINCT") && !slices.Contains(fromIsNotAClause, strings.ToUpper(f.function)):
		f.expect, f.into, f.list = true, false, true
	case t.is("USING") && next.text != "(":
		f.expect, f.into, f.list = true, false, true
	case t.is("JOIN"):
		f.expect, f.into = true, false
	case t.is("INTO", "TRUNCATE", "TABLE"):
		f.expect, f.into = true, true
	case t.is("UPDATE") && !before.is("FOR", "KEY", "DO", "THEN"):
		f.expect, f.into = true, true
	}
}

// relation takes the token at i for a table, unless it is the schema's name in
// front of one, a function, or the name of a WITH query.
func (w *relationWalk) relation(i int, f *sqlFrame) {
	t, next := w.tokens[i], w.at(i+1)
	if next.text == "." || t.text == "." {
		return
	}
	f.expect = false
	switch {
	case next.text == "(" && !f.into:
	case slices.Contains(w.with, t.text) && w.at(i-1).text != ".":
	case t.word || t.quoted:
		w.found = append(w.found, strings.ToLower(t.text))
	default:
		w.found = append(w.found, hole)
	}
}

func (w *relationWalk) at(i int) sqlToken {
	if i < 0 || i >= len(w.tokens) {
		return sqlToken{}
	}
	return w.tokens[i]
}

// withNames lists what WITH gives names to: name AS (…), name (columns) AS (…).
func withNames(tokens []sqlToken) []string {
	var names []string
	for i, t := range tokens {
		if !t.is("AS") || i == 0 {
			continue
		}
		next := i + 1
		for next < len(tokens) && tokens[next].is("NOT", "MATERIALIZED") {
			next++
		}
		if next == len(tokens) || tokens[next].text != "(" {
			continue
		}
		name := i - 1
		if tokens[name].text == ")" {
			for name > 0 && tokens[name].text != "(" {
				name--
			}
			name--
		}
		if name >= 0 && tokens[name].word {
			names = append(names, tokens[name].text)
		}
	}
	return names
}

func TestRelations(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		`SELECT a FROM tags WHERE x = $1`:                                  {"tags"},
		`select a from tags t, projects as p where true`:                   {"tags", "projects"},
		`SELECT 1 FROM public.tags JOIN "task_tags" tt ON tt.a = tags.a`:   {"tags", "task_tags"},
		`SELECT 1 FROM a LEFT JOIN b USING (user_id, id), c ORDER BY d, e`: {"a", "b", "c"},
		`SELECT (SELECT count(*) FROM b), c FROM a`:                        {"b", "a"},
		`SELECT 1 FROM (SELECT 1 FROM a) AS s (x), b`:                      {"a", "b"},
		`SELECT x FROM unnest($2::uuid[]) AS u (x), a`:                     {"a"},
		`SELECT 1 FROM a, LATERAL (SELECT 1 FROM b) l`:                     {"a", "b"},
		`SELECT extract(year FROM due_at), a IS DISTINCT FROM b FROM c`:    {"c"},
		`SELECT 'FROM a' -- FROM b
			/* FROM c */ FROM d FOR UPDATE OF d SKIP LOCKED`: {"d"},
		`INSERT INTO a (x, y) VALUES ($1, $2) ON CONFLICT (x) DO UPDATE SET y = 1`:                             {"a"},
		`INSERT INTO a (x) SELECT x FROM b`:                                                                    {"a", "b"},
		`UPDATE a SET x = 1 FROM b WHERE a.y = b.y`:                                                            {"a", "b"},
		`UPDATE ONLY a AS t SET x = (SELECT 1 FROM b)`:                                                         {"a", "b"},
		`DELETE FROM a USING b, c WHERE true RETURNING x, y`:                                                   {"a", "b", "c"},
		`WITH RECURSIVE sub AS (SELECT 1 FROM a UNION ALL SELECT 1 FROM b JOIN sub ON true) SELECT x FROM sub`: {"a", "b"},
		`WITH s (x) AS MATERIALIZED (DELETE FROM a RETURNING x) SELECT x FROM s`:                               {"a"},
		`MERGE INTO a USING b ON true WHEN MATCHED THEN UPDATE SET x = 1`:                                      {"a", "b"},
		`TRUNCATE TABLE a`:                      {"a"},
		`LOCK TABLE a IN SHARE MODE`:            {"a"},
		`SELECT 1 FROM ` + hole + ` WHERE x`:    {hole},
		`SELECT 1 FROM %s JOIN %[2]s ON true`:   {hole, hole},
		`SELECT x FROM a WHERE b LIKE '%s'`:     {"a"},
		`LEFT JOIN a ON a.x = b.x`:              {"a"},
		`id, name, color, created_at, revision`: nil,
	}
	for sql, want := range tests {
		if diff := cmp.Diff(want, relations(sqlTokens(sql))); diff != "" {
			t.Errorf("%s\n(-want +got)\n%s", sql, diff)
		}
	}
}
