package httpx_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"docket/platform/httpx/httpxtest"
)

// Lines are made in room that is used again: nothing of one shows in another.
func TestRequestLinesDoNotMix(t *testing.T) {
	t.Parallel()
	app := httpxtest.New(t, newNotes().routes())
	want := map[string]string{} // of each request id: who asked, and what came of it
	var users sync.WaitGroup
	for u := range 8 {
		name := fmt.Sprint("user-", u)
		for i := range 25 {
			user := httpxtest.UserID(name).String()
			want[fmt.Sprintf("%s-%d", name, i)] = [...]string{user + " 200 <nil>", user + " 404 RESOURCE_NOT_FOUND", "<nil> 401 UNAUTHENTICATED"}[i%3]
		}
		users.Go(func() {
			client, nobody := app.As(name), app.Anonymous()
			for i := range 25 {
				id := fmt.Sprintf("%s-%d", name, i)
				switch i % 3 {
				case 0:
					client.Do(t, http.MethodGet, base+"/notes", "", "X-Request-Id", id)
				case 1:
					client.Do(t, http.MethodGet, base+"/notes/"+httpxtest.ID(1).String(), "", "X-Request-Id", id)
				default:
					nobody.Do(t, http.MethodGet, base+"/notes", "", "X-Request-Id", id)
				}
			}
		})
	}
	users.Wait()
	got := map[string]string{}
	for text := range strings.Lines(app.Logged()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		got[fmt.Sprint(line["request_id"])] = fmt.Sprint(line["user_id"], " ", line["status"], " ", line["code"])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
