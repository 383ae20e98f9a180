package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5"

	"docket/platform/config"
	"docket/platform/pgtest"
	"docket/platform/postgres"
)

// On a developer's machine the front page shows what is running and a board, on
// which tasks are made, moved and finished, by keyboard too.
func TestHomeBoard(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	s := serving(t)
	ada := s.as(t, developmentEmail)
	page := open(t, browser, desk, s.site()+homePath)
	page.await(t, `document.querySelector(".facts").innerText.includes("(development)")`)
	page.await(t, `document.querySelectorAll(".column").length === 4`)
	page.do(t, chromedp.Click("#title"), chromedp.KeyEvent("Paint the <b>fence</b>\r"))
	page.await(t, `document.querySelector("[data-status=todo] .card p")?.textContent === "Paint the <b>fence</b>"`)
	page.await(t, `Number(document.getElementById("requests").textContent) > 0`)
	page.shoot(t, "created")
	page.chooseByKeys(t, ada)
	page.shoot(t, "chosen")
	page.do(t, chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
	page.await(t, `document.querySelector("[data-status=in_progress] .card") && document.getElementById("said").textContent.includes("In progress")`)
	page.await(t, `document.activeElement.id.startsWith("move-")`)
	page.press(t, "Finish")
	page.await(t, `document.querySelector("[data-status=done] .card")`)
	tasks, _ := many(t, ada.do(t, http.MethodGet, "/tasks", ""))
	if len(tasks) != 1 || tasks[0].Title != "Paint the <b>fence</b>" || tasks[0].Status != "done" {
		t.Errorf("after the board there are %+v", tasks)
	}
	page.shoot(t, "finished")
	if unnamed := eval[int](t, page, `[...document.querySelectorAll("input, select, button")].filter(e => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).length`); unnamed > 0 {
		t.Errorf("%d controls have no name", unnamed)
	}
	small := open(t, browser, phone, s.site()+homePath)
	small.await(t, `document.querySelector("[data-status=done] .card")`)
	small.fits(t)
	small.shoot(t, "phone")
}

// chooseByKeys walks through all states of the only card and back to the second,
// of which none is written.
func (b *tab) chooseByKeys(t *testing.T, whose client) {
	t.Helper()
	eval[bool](t, b, `(document.querySelector(".card select").focus(), true)`)
	b.do(t, chromedp.KeyEvent(kb.ArrowDown+kb.ArrowDown+kb.ArrowDown+kb.ArrowUp+kb.ArrowUp))
	b.await(t, `document.querySelector(".card select").value === "in_progress" && document.querySelector(".card button[type=submit]").checkVisibility()`)
	tasks, _ := many(t, whose.do(t, http.MethodGet, "/tasks", ""))
	if len(tasks) != 1 || tasks[0].Status != "todo" {
		t.Errorf("while somebody chooses, there is %+v", tasks)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.requests, func(to string) bool { return strings.Contains(to, "/tasks/") }); i >= 0 {
		t.Errorf("while somebody chooses, the page asked for %s", b.requests[i])
	}
}

// What is said to be running is what runs: the listener that was bound, and the
// database that answers, without its password.
func TestHomeFacts(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	s := servingOn(t, "DATABASE_URL="+address, "DOCKET_DATA_DIR="+t.TempDir())
	page := string(client{base: s.site()}.do(t, "GET", homePath, "").Want(t, 200).Body)
	if metrics := s.greeting.Admin + "/metrics"; !strings.Contains(page, `<a href="`+metrics+`">`+strings.TrimPrefix(metrics, "http://")+`</a>`) {
		t.Errorf("it does not lead to %s:\n%s", metrics, page)
	}
	at, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	version := strings.Fields(query(t, address, "SHOW server_version"))[0]
	for _, part := range []string{at.Database + " at ", ", PostgreSQL " + version + " (given by DATABASE_URL"} {
		if !strings.Contains(page, part) {
			t.Errorf("it does not say %q:\n%s", part, page)
		}
	}
	if at.Password != "" && strings.Contains(page, at.Password) {
		t.Errorf("it has the password:\n%s", page)
	}
	nobody, err := postgres.New(t.Context(), postgres.Config{URL: "postgres://docket:hunter2@127.0.0.1:1/docket"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nobody.Close)
	if said := databaseFact(t.Context(), config.Config{}, nobody); !strings.HasPrefix(said, "does not answer (") || strings.Contains(said, "hunter2") {
		t.Errorf("of a database that is not there: %q", said)
	}
}

// The token is for who sits at the machine; elsewhere than in local there is
// nothing but where to go on.
func TestHomeElsewhere(t *testing.T) {
	t.Parallel()
	s := serving(t)
	root := client{base: s.site()}
	if r := root.do(t, "GET", homePath, "").Want(t, 200); !strings.Contains(string(r.Body), `"token":"ey`) || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("at home: %v\n%s", r.Header, r.Body)
	}
	if r := root.do(t, "GET", homePath, "", "X-Forwarded-For", "203.0.113.7").Want(t, 200); strings.Contains(string(r.Body), `"token":"ey`) || strings.Contains(string(r.Body), "<dt>") {
		t.Errorf("through a tunnel: %s", r.Body)
	}
	far := servingOn(t, append(s.settings, "DOCKET_ENVIRONMENT=test", "DOCKET_LOG_FORMAT=json", "DOCKET_AUTH_JWKS_URL="+s.site()+jwksPath,
		"DOCKET_AUTH_ISSUER=https://app.example.com", "DOCKET_AUTH_AUDIENCE=https://api.example.com")...)
	root = client{base: far.site()}
	if r := root.do(t, "GET", homePath, "").Want(t, 200); string(r.Body) != `{"success":true,"data":{"name":"Docket","docs":"/docs","document":"/openapi.json"}}` {
		t.Errorf("in test: %s", r.Body)
	}
	root.do(t, "GET", statusPath, "").WantFailure(t, 404, "RESOURCE_NOT_FOUND")
	if r := root.do(t, "GET", "/docs", "").Want(t, 200); strings.Contains(string(r.Body), `"token"`) {
		t.Errorf("in test /docs has a token: %s", r.Body)
	}
}
