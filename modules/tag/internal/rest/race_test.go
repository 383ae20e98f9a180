package rest_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"docket/platform/httpx/httpxtest"
)

// atOnce sends n requests together and counts the answers by status.
func atOnce(n int, send func(i int) httpxtest.Response) map[int]int {
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		start = make(chan struct{})
		count = map[int]int{}
	)
	for i := range n {
		all.Go(func() {
			<-start
			r := send(i)
			mu.Lock()
			defer mu.Unlock()
			count[r.Status]++
		})
	}
	close(start)
	all.Wait()
	return count
}

func wantCounts(t *testing.T, got map[int]int, want map[int]int) {
	t.Helper()
	for status, n := range got {
		if want[status] != n {
			t.Errorf("answers by status are %v, want %v", got, want)
			return
		}
	}
}

const rivals = 50

func TestRacingPutsCreateOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := atOnce(rivals, func(int) httpxtest.Response { return w.ada.Do(t, "PUT", one(7), `{"name":"home"}`) })
	wantCounts(t, got, map[int]int{http.StatusCreated: 1, http.StatusOK: rivals - 1})
}

func TestRacingPutsThatCreateOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := atOnce(rivals, func(i int) httpxtest.Response {
		return w.ada.Do(t, "PUT", one(7), fmt.Sprintf(`{"name":"home %d"}`, i), "If-None-Match", "*")
	})
	wantCounts(t, got, map[int]int{http.StatusCreated: 1, http.StatusPreconditionFailed: rivals - 1})
}

func TestRacingPatchesWithOneETag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := w.ada.Do(t, "POST", tags, `{"name":"home"}`).Want(t, http.StatusCreated)
	got := atOnce(rivals, func(i int) httpxtest.Response {
		return w.ada.Do(t, "PATCH", one(1), fmt.Sprintf(`{"name":"home %d"}`, i), "If-Match", created.ETag())
	})
	wantCounts(t, got, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: rivals - 1})
}

func TestRacingCreatesOfOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := []string{"Café", "café", "CAFÉ", `cafe\u0301`}
	got := atOnce(rivals, func(i int) httpxtest.Response {
		body := `{"name":"` + names[i%len(names)] + `"}`
		if i%2 == 0 {
			return w.ada.Do(t, "PUT", one(uint64(1000+i)), body)
		}
		return w.ada.Do(t, "POST", tags, body)
	})
	wantCounts(t, got, map[int]int{http.StatusCreated: 1, http.StatusConflict: rivals - 1})
}

func TestRacingRenamesToOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range uint64(10) {
		w.ada.Do(t, "PUT", one(i+1), fmt.Sprintf(`{"name":"tag %d"}`, i)).Want(t, http.StatusCreated)
	}
	got := atOnce(10, func(i int) httpxtest.Response { return w.ada.Do(t, "PATCH", one(uint64(i+1)), `{"name":"home"}`) })
	wantCounts(t, got, map[int]int{http.StatusOK: 1, http.StatusConflict: 9})
}

// Without a condition nobody's write is lost because another came first: each
// patch names a member that no other does not.
func TestRacingPatchesWithoutCondition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ada.Do(t, "POST", tags, `{"name":"home"}`).Want(t, http.StatusCreated)
	got := atOnce(rivals, func(i int) httpxtest.Response {
		return w.ada.Do(t, "PATCH", one(1), fmt.Sprintf(`{"name":"home %d"}`, i))
	})
	wantCounts(t, got, map[int]int{http.StatusOK: rivals})
}

func TestRacingDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ada.Do(t, "POST", tags, `{"name":"home"}`).Want(t, http.StatusCreated)
	got := atOnce(10, func(int) httpxtest.Response { return w.ada.Do(t, "DELETE", one(1), "") })
	wantCounts(t, got, map[int]int{http.StatusNoContent: 1, http.StatusNotFound: 9})
	if len(w.carriers.told) != 1 {
		t.Errorf("told %d times", len(w.carriers.told))
	}
}

// A patch and a deletion at once end in one of two ways, never in between.
func TestRacingPatchesAndDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range uint64(5) {
		w.ada.Do(t, "PUT", one(n+1), fmt.Sprintf(`{"name":"tag %d"}`, n)).Want(t, http.StatusCreated)
		got := atOnce(6, func(i int) httpxtest.Response {
			if i == 0 {
				return w.ada.Do(t, "DELETE", one(n+1), "")
			}
			return w.ada.Do(t, "PATCH", one(n+1), fmt.Sprintf(`{"name":"tag %d %d"}`, n, i))
		})
		if got[http.StatusNoContent] != 1 || got[http.StatusNoContent]+got[http.StatusOK]+got[http.StatusNotFound] != 6 {
			t.Errorf("answers by status are %v", got)
		}
		w.ada.Do(t, "GET", one(n+1), "").Want(t, http.StatusNotFound)
	}
}
