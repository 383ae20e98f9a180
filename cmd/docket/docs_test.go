package main

import (
	"net/http"
	"strings"
	"testing"

	"docket/platform/pages"
)

// site is where a server's pages are.
func (s *instance) site() string { return strings.TrimSuffix(s.greeting.API, "/api/v1") }

const (
	createTaskInDocs = "#api-1/tag/tasks/POST/api/v1/tasks"
	listTasksInDocs  = "#api-1/tag/tasks/GET/api/v1/tasks"
)

// A newcomer opens /docs and creates a task there, signed in already.
func TestDocsTryIt(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	s := serving(t)
	page := open(t, browser, desk, s.site()+pages.ReferencePath)
	page.await(t, `document.querySelector("h1")?.textContent.includes("Docket")`)
	page.shoot(t, "top")
	for _, name := range []string{"Shell", "Authentication"} {
		page.await(t, `document.body.innerText.includes("`+name+`")`)
	}
	page = open(t, browser, desk, s.site()+pages.ReferencePath+createTaskInDocs)
	page.press(t, "Test Request(post /api/v1/tasks)")
	page.await(t, `document.querySelector("[role=dialog]")?.innerText.includes("Buy paint")`)
	page.shoot(t, "request")
	page.press(t, "Send")
	page.await(t, `document.querySelector("[role=dialog]").innerText.includes("201")`)
	page.await(t, `document.querySelector("[role=dialog]").innerText.includes("completed_at")`)
	page.shoot(t, "answer")
	tasks, _ := many(t, s.as(t, developmentEmail).do(t, http.MethodGet, "/tasks", ""))
	if len(tasks) != 1 || tasks[0].Title != "Buy paint" {
		t.Errorf("after Send there are the tasks %+v", tasks)
	}
	// The examples of optional parameters are not sent unasked: no key makes the
	// next request a repetition, no filter hides what there is.
	page = open(t, browser, desk, s.site()+pages.ReferencePath+createTaskInDocs)
	page.press(t, "Test Request(post /api/v1/tasks)")
	page.press(t, "Send")
	page.await(t, `document.querySelector("[role=dialog]").innerText.includes("201")`)
	if tasks, _ := many(t, s.as(t, developmentEmail).do(t, http.MethodGet, "/tasks", "")); len(tasks) != 2 {
		t.Errorf("after another Send there are the tasks %+v", tasks)
	}
	page = open(t, browser, desk, s.site()+pages.ReferencePath+listTasksInDocs)
	page.press(t, "Test Request(get /api/v1/tasks)")
	page.press(t, "Send")
	page.await(t, `document.querySelector("[role=dialog]").innerText.includes("completed_at")`)
	page.shoot(t, "list")
}

// The reference follows the system's dark and light, and fits on a phone.
func TestDocsLooks(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	s := serving(t)
	for name, how := range map[string]screen{"light": desk, "dark": night, "phone": phone} {
		page := open(t, browser, how, s.site()+pages.ReferencePath+createTaskInDocs)
		page.await(t, `document.body.innerText.includes("Idempotency-Key")`)
		page.fits(t)
		page.shoot(t, name)
		ground := eval[[]int](t, page, `getComputedStyle(document.querySelector(".scalar-app") ?? document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number)`)
		if dark := ground[0]+ground[1]+ground[2] < 3*128; dark != (how.scheme == "dark") {
			t.Errorf("%s: the ground is %v", name, ground)
		}
	}
}
