package httpx_test

import (
	"net/http"
	"strings"
	"testing"

	"docket/platform/httpx"
	"docket/platform/httpx/httpxtest"
)

// Whoever puts the routes together need not know which come first.
func TestOrderOfRoutesDoesNotMatter(t *testing.T) {
	t.Parallel()
	route := func(path string) httpx.Route {
		return httpx.Route{Method: http.MethodGet, Path: path, Handle: func(*httpx.Request) (httpx.Response, error) {
			return httpx.OK(note{Title: path}), nil
		}}
	}
	id := httpxtest.ID(1).String()
	paths := map[string]string{"/notes/:id": id, "/notes/summary": "summary", "/notes/:id/move": id + "/move", "/notes/all/move": "all/move"}
	for range 5 { // maps are read in another order each time
		var routes []httpx.Route
		for path := range paths {
			routes = append(routes, route(path))
		}
		app := httpxtest.New(t, routes)
		for path, asked := range paths {
			r := app.As("ada").Do(t, "GET", httpx.BasePath+"/notes/"+asked, "").Want(t, http.StatusOK)
			if !strings.Contains(string(r.Body), `"title":"`+path+`"`) {
				t.Errorf("%s is not answered by %s: %s", asked, path, r.Body)
			}
		}
	}
}
