package rest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// day is one of some zone, with the days around it, and when it begins and ends
// there.
type day struct {
	zone, before, date, after string
	begins, ends              string
}

// oddDays are those at which days are got wrong: clocks that go forward and
// back, around midnight too, the ends of the world, and the 29th of February.
var oddDays = map[string]day{
	"an ordinary day":                     {"UTC", "2026-03-13", "2026-03-14", "2026-03-15", "2026-03-14T00:00:00Z", "2026-03-15T00:00:00Z"},
	"23 hours, Berlin":                    {"Europe/Berlin", "2026-03-28", "2026-03-29", "2026-03-30", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
	"25 hours, Berlin":                    {"Europe/Berlin", "2026-10-24", "2026-10-25", "2026-10-26", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	"23 hours, New York":                  {"America/New_York", "2026-03-07", "2026-03-08", "2026-03-09", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
	"25 hours, New York":                  {"America/New_York", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
	"no midnight, São Paulo":              {"America/Sao_Paulo", "2018-11-03", "2018-11-04", "2018-11-05", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
	"two midnights, Havana":               {"America/Havana", "2022-11-05", "2022-11-06", "2022-11-07", "2022-11-06T04:00:00Z", "2022-11-07T05:00:00Z"},
	"UTC+14":                              {"Pacific/Kiritimati", "2026-12-31", "2027-01-01", "2027-01-02", "2026-12-31T10:00:00Z", "2027-01-01T10:00:00Z"},
	"UTC-11":                              {"Pacific/Pago_Pago", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-01T11:00:00Z", "2027-01-02T11:00:00Z"},
	"the 29th of February":                {"UTC", "2028-02-28", "2028-02-29", "2028-03-01", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
	"the 29th of February at UTC+14":      {"Pacific/Kiritimati", "2028-02-28", "2028-02-29", "2028-03-01", "2028-02-28T10:00:00Z", "2028-02-29T10:00:00Z"},
	"the 29th of February at UTC-11":      {"Pacific/Pago_Pago", "2028-02-28", "2028-02-29", "2028-03-01", "2028-02-29T11:00:00Z", "2028-03-01T11:00:00Z"},
	"the 28th of a year that has no 29th": {"Europe/Berlin", "2027-02-27", "2027-02-28", "2027-03-01", "2027-02-27T23:00:00Z", "2027-02-28T23:00:00Z"},
}

// parse reads an instant.
func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// at sets the clock, and returns what the API says then of what is overdue, due
// today and done today.
func (f fixture) at(t *testing.T, now time.Time) (overdue, dueToday, doneToday int, list string) {
	t.Helper()
	f.clock.Advance(now.Sub(f.clock.Now()))
	var sum struct {
		Open      int   `json:"open"`
		Overdue   int   `json:"overdue"`
		DueToday  int   `json:"due_today"`
		DoneToday int   `json:"done_today"`
		Projects  []any `json:"open_by_project"`
		Tags      []any `json:"open_by_tag"`
	}
	f.ada.Do(t, "GET", tasksPath+"/summary", "").Want(t, http.StatusOK).Data(t, &sum)
	return sum.Overdue, sum.DueToday, sum.DoneToday, strings.Join(f.titles(t, "overdue=true"), " ")
}

// All that rests on days, asked over HTTP in the user's own zone at both ends of
// the day.
func TestDays(t *testing.T) {
	t.Parallel()
	for name, d := range oddDays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.exec(t, "ada", `UPDATE users SET time_zone = $2 WHERE id = $1`, d.zone)
			begins, ends := parse(t, d.begins), parse(t, d.ends)
			for title, due := range map[string]fields{
				"a-yesterday": {"due_on": d.before}, "d-today": {"due_on": d.date}, "g-tomorrow": {"due_on": d.after}, "i-never": nil,
				"b-before": {"due_at": begins.Add(-time.Second)}, "c-first": {"due_at": begins},
				"e-last": {"due_at": ends.Add(-time.Second)}, "f-after": {"due_at": ends},
				"h-closed": {"due_on": d.before, "status": "cancelled"},
			} {
				f.create(t, title, due)
			}
			const today = "c-first d-today e-last"
			for query, want := range map[string]string{
				"due_after=" + d.date + "&due_before=" + d.after:  today,
				"due_before=" + d.date:                            "a-yesterday b-before h-closed",
				"due_after=" + d.after:                            "f-after g-tomorrow",
				"due_after=" + d.begins + "&due_before=" + d.ends: today,
				"due_after=" + url.QueryEscape(begins.In(time.FixedZone("", 5400)).Format(time.RFC3339)) + "&due_before=" + d.after: today,
			} {
				if got := strings.Join(f.titles(t, query), " "); got != want {
					t.Errorf("%s lists %s, want %s", query, got, want)
				}
			}
			type sums struct {
				Overdue, DueToday int
				List              string
			}
			for now, want := range map[time.Time]sums{
				begins:                   {2, 3, "a-yesterday b-before"},
				begins.Add(time.Second):  {3, 3, "a-yesterday b-before c-first"},
				ends.Add(-time.Second):   {3, 3, "a-yesterday b-before c-first"},
				begins.Add(-time.Second): {0, 2, ""},
				ends:                     {5, 2, "a-yesterday b-before c-first d-today e-last"},
			} {
				var got sums
				got.Overdue, got.DueToday, _, got.List = f.at(t, now)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("at %s (-want +got):\n%s", now, diff)
				}
			}
			f.wantDone(t, d, begins, ends)
		})
	}
}

// wantDone finishes tasks right before, in and after the day.
func (f fixture) wantDone(t *testing.T, d day, begins, ends time.Time) {
	t.Helper()
	for title, at := range map[string]time.Time{"x-before": begins.Add(-time.Second), "y-first": begins, "z-last": ends.Add(-time.Second), "z-next": ends} {
		f.clock.Advance(at.Sub(f.clock.Now()))
		f.create(t, title, fields{"status": "done"})
		f.create(t, title+"-cancelled", fields{"status": "cancelled"})
	}
	for _, now := range []time.Time{begins, ends.Add(-time.Second)} {
		if _, _, done, _ := f.at(t, now); done != 2 {
			t.Errorf("at %s %d are done today, want 2", now, done)
		}
	}
	query := "status=done&completed_after=" + d.date + "&completed_before=" + d.after
	if got := strings.Join(f.titles(t, query), " "); got != "y-first z-last" {
		t.Errorf("%s lists %s", query, got)
	}
	if got := strings.Join(f.titles(t, "status=done&updated_after="+d.after), " "); got != "z-next" {
		t.Errorf("updated since %s is %s", d.after, got)
	}
}

// There is no 29th of February in most years, and none is made of it.
func TestTwentyNinthOfFebruary(t *testing.T) {
	t.Parallel()
	f := open(t)
	x := f.create(t, "leap", fields{"due_on": "2028-02-29"})
	if got := f.get(t, x); text(got.DueOn) != "2028-02-29" {
		t.Errorf("it is due on %s", text(got.DueOn))
	}
	f.ada.Do(t, "PATCH", x.path(), `{"due_on":"2027-02-29"}`).WantInvalid(t, "due_on invalid_format")
	f.ada.Do(t, "PATCH", x.path(), `{"due_on":"2100-02-29"}`).WantInvalid(t, "due_on invalid_format")
	f.ada.Do(t, "GET", tasksPath+"?due_after=2027-02-29", "").WantInvalid(t, "due_after invalid_format")
	if got := f.patch(t, x, fields{"due_on": "2000-02-29"}); text(got.DueOn) != "2000-02-29" {
		t.Errorf("it is due on %s", text(got.DueOn))
	}
}
