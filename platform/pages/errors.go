package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"docket/platform/errs"
	"docket/platform/httpx"
	"docket/platform/nearest"
)

// errorPage is what the page of one code says.
type errorPage struct {
	Name string
	// Status is the line of the answer, "" for the code of a fault, which is
	// found in the details of an answer.
	Status string
	errs.Explanation
	errs.Lesson
	// Example is an answer with the code.
	Example string
	// Faults are the codes that are found in the details.
	Faults []errorPage
}

// errorPages lists the pages of all codes, those of answers first.
func errorPages() (failures, faults []errorPage, err error) {
	faults, checks := faultPages(errs.FaultCodes()), faultPages(errs.CheckCodes())
	for _, f := range httpx.Failures() {
		var example bytes.Buffer
		if err := json.Indent(&example, f.Example, "", "  "); err != nil {
			return nil, nil, fmt.Errorf("write the example of %s: %w", f.Code, err)
		}
		page := errorPage{
			Name: string(f.Code), Explanation: errs.Explain(f.Code), Lesson: errs.Teach(f.Code),
			Status: fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status)), Example: example.String(),
		}
		switch f.Code { //nolint:exhaustive // the others have no details
		case errs.CodeInvalid:
			page.Faults = faults
		case errs.CodeUnavailable:
			page.Faults = checks
		}
		failures = append(failures, page)
	}
	return failures, slices.Concat(faults, checks), nil
}

func faultPages(codes []errs.FaultCode) []errorPage {
	var all []errorPage
	for _, code := range codes {
		all = append(all, errorPage{Name: string(code), Explanation: errs.ExplainFault(code)})
	}
	return all
}

// AddErrors serves a page for each code, and one that lists them.
func (s *Set) AddErrors(app *httpx.App) error {
	failures, faults, err := errorPages()
	if err != nil {
		return err
	}
	list, err := s.render("errors.html", struct{ Failures, Faults []errorPage }{failures, faults})
	if err != nil {
		return err
	}
	pages := map[string][]byte{}
	var names []string
	for _, page := range append(failures, faults...) {
		if pages[page.Name], err = s.render("error.html", page); err != nil {
			return err
		}
		names = append(names, page.Name)
	}
	app.AddPage(ErrorsPath, func(context.Context, httpx.Visit) (httpx.HTML, error) { return httpx.HTML{Text: list}, nil })
	app.AddPage(ErrorsPath+"/:name", func(_ context.Context, v httpx.Visit) (httpx.HTML, error) {
		text, ok := pages[v.Name]
		if ok {
			return httpx.HTML{Text: text}, nil
		}
		message := "there is no such error; " + ErrorsPath + " lists them"
		if meant := nearest.Name(v.Name, names); meant != "" && len(v.Name) < 64 {
			message += "; did you mean " + meant + "?"
		}
		return httpx.HTML{}, errs.New(errs.NotFound, message)
	})
	return nil
}
