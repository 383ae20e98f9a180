package pages

import "docket/platform/httpx"

// Reference is what the reference of the API needs to know.
type Reference struct {
	// Document is the path of the OpenAPI document.
	Document string `json:"document"`
	// Token is the bearer token that requests are sent with at first, if any.
	Token string `json:"token,omitempty"`
	// Routes are listed for those who run no scripts.
	Routes []httpx.Route `json:"-"`
}

// Reference renders the interactive reference, in HTML.
func (s *Set) Reference(r Reference) ([]byte, error) { return s.render("reference.html", r) }
