package main

import (
	"net/http"
	"strings"
	"testing"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

func TestWrongKeys(t *testing.T) {
	t.Parallel()
	s, url := unlimited(t)
	ada := s.as(t, adaAddress)
	send := func(method string, keys ...string) httpxtest.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, ada.base+"/tags", strings.NewReader(`{"name":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {ada.authorization}, "Content-Type": {"application/json"}, "Idempotency-Key": keys}
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		response, err := asDocumented(httpxtest.Read(t, answer), r, `{"name":"x"}`)
		if err != nil {
			t.Error(err)
		}
		return response
	}
	wrong := [][]string{{""}, {" "}, {"a b"}, {"a\tb"}, {"é"}, {"\u00a0"}, {strings.Repeat("k", 129)}, {"a", "b"}, {"a", "a"}, {"", "a"}}
	for _, keys := range wrong {
		send("POST", keys...).WantFailure(t, http.StatusBadRequest, "MALFORMED_REQUEST")
		send("GET", keys...).Want(t, http.StatusOK)
	}
	if n := query(t, url, "SELECT (SELECT count(*) FROM tags) || ' ' || (SELECT count(*) FROM idempotency_keys)"); n != "0 0" {
		t.Errorf("of tags and keys there are %s", n)
	}
	send("GET", "k").Want(t, http.StatusOK)
	send("POST", "k").Want(t, http.StatusCreated) // which the read did not take
	for _, key := range []string{strings.Repeat("k", 128), "~", `"quoted"`, "!#$%&'()*+,-./:;<=>?@[]^_`{|}"} {
		if r := send("POST", key).Want(t, http.StatusConflict); replayed(r) {
			t.Errorf("%s is not a key of its own", key)
		}
	}
}

// What never was a request of the user's is not kept: the next try counts.
func TestRefusalsAtTheDoorAreNotKept(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s := servingOn(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_RATE_LIMIT_REQUESTS=2", "DOCKET_RATE_LIMIT_WINDOW=1s")
	ada := s.as(t, adaAddress)
	stranger := client{base: ada.base, authorization: "Bearer nonsense"}
	stranger.keyed(t, "k", "POST", "/tags", `{"name":"x"}`).Want(t, http.StatusUnauthorized)
	limited := false
	eventually(t, "the limit is met", func() bool {
		r := ada.do(t, "GET", "/tags", "")
		if r.Status == http.StatusTooManyRequests {
			limited = ada.keyed(t, "k", "POST", "/tags", `{"name":"x"}`).Status == http.StatusTooManyRequests
		}
		return limited
	})
	var last httpxtest.Response
	eventually(t, "the limit is over", func() bool {
		last = ada.keyed(t, "k", "POST", "/tags", `{"name":"x"}`)
		return last.Status != http.StatusTooManyRequests
	})
	if last.Want(t, http.StatusCreated); replayed(last) {
		t.Error("a refusal at the door was kept")
	}
}
