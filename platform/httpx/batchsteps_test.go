package httpx

import (
	"fmt"
	"strings"
	"testing"
)

// Creates of one sort go together as far as nothing could tell the difference;
// all else keeps its place.
func TestSteps(t *testing.T) {
	t.Parallel()
	const (
		tag     = `{"op":"create","resource":"tag","temp_id":"t%d"}`
		task    = `{"op":"create","temp_id":"a%d"}`
		tagged  = `{"op":"create","data":{"tag_ids":["t%d"]}}`
		below   = `{"op":"create","data":{"parent_id":"a%d"}}`
		removed = `{"op":"delete","resource":"tag","id":"t%d"}`
	)
	const odd = `{"op":"create","resource":"tag","temp_id":"t%d","data":{"parent_id":"a%[2]d"}}` // there is no such tag
	for want, operations := range map[string][]string{
		"0 1 2":               {task, task, task},
		"0 2 4|1 3 5":         {tag, tagged, tag, tagged, tag, tagged},
		"0 2 4 6|1 3 5 7":     {task, tag, task, tag, task, tag, task, tag},
		"1 3|0 2 4":           {task, tag, tagged, tag, tagged},
		"2|0 1 3 4":           {task, below, tag, tagged, below},
		"0|1|2|3|4":           {tag, tagged, removed, tagged, tag},
		"0|1|2 4|3":           {task, removed, task, tag, task},
		"0|1|2":               {removed, removed, removed},
		"0 1 3 5 6|2 4|7|8 9": {tag, tag, task, tag, task, tag, tag, removed, tag, tag},
		"0 1|2|3":             {task, task, odd, tagged},
	} {
		b := newBatch()
		for name, r := range b.routes {
			if strings.HasPrefix(name, "POST") && !strings.HasSuffix(name, "/move") {
				r.Many = func([]*Request) ([]Response, error) { return nil, nil }
				b.routes[name] = r
			}
		}
		var all []string
		var at [2]int // the number of what a reference means: the last one made
		for i, o := range operations {
			switch o {
			case tag:
				at[0] = i
				o = fmt.Sprintf(o, i)
			case task:
				at[1] = i
				o = fmt.Sprintf(o, i)
			case odd:
				at[0] = i
				o = fmt.Sprintf(o, i, at[1])
			case below:
				o = fmt.Sprintf(o, at[1])
			default:
				o = fmt.Sprintf(o, at[0])
			}
			all = append(all, strings.Replace(o, `"id":"t0"`, `"id":"`+someID+`"`, 1))
		}
		body, err := ParseObject([]byte(`{"operations":[` + strings.Join(all, ",") + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		read, _, err := b.read(body)
		if err != nil {
			t.Fatalf("%s: %v", all, err)
		}
		var got []string
		for _, step := range steps(read) {
			var numbers []string
			for _, o := range step {
				numbers = append(numbers, fmt.Sprint(o.index))
			}
			got = append(got, strings.Join(numbers, " "))
		}
		if got := strings.Join(got, "|"); got != want {
			t.Errorf("%s: the steps are %s, want %s", all, got, want)
		}
	}
}
