package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"docket/platform/httpx/httpxtest"
	"docket/platform/pgtest"
)

// kept is a connection that is kept open between requests.
type kept struct {
	client
	http *http.Client
}

func (c client) kept() kept {
	return kept{client: c, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}}
}

// ask sends a request and calls sent when all of it is on its way.
func (k kept) ask(ctx context.Context, method, path, body string, sent func()) (httpxtest.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent() }})
	r, err := http.NewRequestWithContext(ctx, method, k.base+path, strings.NewReader(body))
	if err != nil {
		return httpxtest.Response{}, err
	}
	r.GetBody = nil // what was dropped must not be sent again behind the test's back
	r.Header.Set("Authorization", k.authorization)
	r.Header.Set("Content-Type", "application/json")
	answer, err := k.http.Do(r)
	if err != nil {
		return httpxtest.Response{}, err
	}
	content, err := io.ReadAll(answer.Body)
	return httpxtest.Response{Status: answer.StatusCode, Header: answer.Header, Body: content}, errors.Join(err, answer.Body.Close())
}

// A hundred creates wait for the database when SIGTERM comes. Each is answered,
// none is lost, none is there unanswered, and the process ends well.
func TestTerminateDropsNoRequest(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	const inFlight = 100
	url, dir := pgtest.URL(t), t.TempDir()
	p := launch(t, "DATABASE_URL="+url, "DOCKET_DATA_DIR="+dir, "DOCKET_RATE_LIMIT_REQUESTS=100000",
		"DOCKET_HTTP_DRAIN_TIMEOUT=2m", "DOCKET_HTTP_REQUEST_TIMEOUT=2m")
	token := execute(t, []string{"DOCKET_DATA_DIR=" + dir}, "token").ok(t)
	ada := client{base: p.greeting.API, authorization: "Bearer " + token}
	nothing := func() {}
	conns := make([]kept, inFlight)
	for i := range conns { // each connection has been of use before
		conns[i] = ada.kept()
		if r, err := conns[i].ask(t.Context(), "GET", "/auth/me", "", nothing); err != nil || r.Status != 200 {
			t.Fatalf("%d, %v", r.Status, err)
		}
	}
	root := client{base: strings.TrimSuffix(ada.base, "/api/v1")}.kept()
	becomesReady(t, strings.TrimSuffix(ada.base, "/api/v1"))
	if r, err := root.ask(t.Context(), "GET", "/readyz", "", nothing); err != nil || r.Status != 200 {
		t.Fatalf("%d, %v", r.Status, err)
	}

	letGo := locked(t, url, "tags")
	answers := make([]outcome, inFlight)
	var sent, all sync.WaitGroup
	sent.Add(inFlight)
	for i, conn := range conns {
		all.Go(func() {
			answers[i].answer, answers[i].err = conn.ask(t.Context(), "POST", "/tags", body(`{"name":"tag %d"}`, i), sent.Done)
		})
	}
	sent.Wait()
	eventually(t, "some wait for the lock, and the others for a connection", func() bool {
		n, err := strconv.Atoi(waiting(t, url))
		return err == nil && n >= 5
	})
	time.Sleep(time.Second) // for the rest of them to be read
	p.signal(t, syscall.SIGTERM)
	eventually(t, "it stops", func() bool { return strings.Contains(p.stderr.String(), `"stopping"`) })
	// It is ready no more, or does not even answer.
	if r, err := root.ask(t.Context(), "GET", "/readyz", "", nothing); err == nil && (r.Status != 503 || !strings.Contains(string(r.Body), "stopping")) {
		t.Errorf("it is ready: %d %s", r.Status, r.Body)
	}
	letGo()
	all.Wait()
	made := 0
	for i, a := range answers {
		switch {
		case a.err != nil:
			t.Errorf("request %d was dropped: %v", i, a.err)
		case a.answer.Status == http.StatusCreated:
			made++
		default:
			t.Errorf("request %d was answered %d: %s", i, a.answer.Status, a.answer.Body)
		}
	}
	p.ends(t, 0)
	if n := query(t, url, "SELECT count(*)::text FROM tags"); n != fmt.Sprint(made) || made != inFlight {
		t.Errorf("there are %s tags, and %d were acknowledged", n, made)
	}
	t.Logf("%d of %d were served, the rest refused", made, inFlight)
}
