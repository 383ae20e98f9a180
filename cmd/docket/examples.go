package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	_ "embed" // the document
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/openapi"
)

// openAPIDocument is what the program serves at /openapi.json, as a test makes
// sure: what a command says of the API needs no server.
//
//go:embed testdata/openapi.json
var openAPIDocument []byte

func newExamplesCommand(o *options) *cobra.Command {
	var api, operation string
	c := &cobra.Command{
		Use:   "examples",
		Short: "Print a curl line for each operation of the API",
		Long: `Print a curl line for each operation of the API, made from its OpenAPI document.
In local they run as they are, one after the other, as a user of their own that
the last one erases; elsewhere put in a token of your issuer. With --operation
what the one needs is made first, so that its lines run on their own.`,
		Example: `  docket examples
  docket examples --operation createTask
  docket examples | sh -e`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			if api == "" {
				api = "http://" + dialable(cfg.HTTP.Address)
			}
			token, err := exampleToken(cfg)
			if err != nil {
				return err
			}
			return printExamples(c.OutOrStdout(), strings.TrimSuffix(api, "/"), token, operation)
		},
	}
	c.Flags().StringVar(&api, "api", "", "where the API is (default: as the settings have it)")
	c.Flags().StringVar(&operation, "operation", "", "print only this one, after what makes what it needs")
	return c
}

// dialable is an address to send requests to of one that is listened on.
func dialable(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return listening
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// exampleToken signs a token of a user that nobody is yet, where the
// development issuer is believed.
func exampleToken(cfg config.Config) (string, error) {
	if !cfg.DevelopmentIssuer() {
		return "a token of your issuer", nil
	}
	issuer, err := openIssuer(cfg)
	if err != nil {
		return "", err
	}
	now := time.Now()
	token, err := issuer.Sign(devissuer.Claims{
		Subject: "examples-" + strings.ToLower(rand.Text()), Email: "examples@example.com", Name: "Examples",
		IssuedAt: now, ExpiresAt: now.Add(developmentExpires),
	})
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

func printExamples(w io.Writer, api, token, only string) error {
	operations, err := exampleOperations()
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "API=%s\nTOKEN=%s\n", quote(api), quote(token))
	found := false
	for _, o := range operations {
		if only != "" && o.ID != only {
			continue
		}
		found = true
		if only != "" {
			printPrologue(&text, needed(o, operations))
		}
		fmt.Fprintf(&text, "\n# %s: %s\n", o.ID, o.Summary)
		for _, r := range o.Requests {
			text.WriteString(curl(r, o.Security == nil))
		}
	}
	if !found {
		return &usageError{fmt.Errorf("there is no operation %q; docket examples prints all of them", only)}
	}
	_, err = io.WriteString(w, text.String())
	return err
}

func printPrologue(w io.Writer, first []openapi.Request) {
	if len(first) == 0 {
		return
	}
	fmt.Fprint(w, "\n# First, what it is about:\n")
	for _, r := range first {
		fmt.Fprint(w, curl(r, true))
	}
}

// needed are the examples of other operations that make what those of o name
// and do not make themselves: the PUT of each resource whose id is in a path or
// a body.
func needed(o *openapi.Operation, all []*openapi.Operation) (first []openapi.Request) {
	for _, maker := range all {
		made := maker.Requests[len(maker.Requests)-1]
		if made.Method != http.MethodPut || maker == o {
			continue
		}
		id := path.Base(made.Path)
		if slices.ContainsFunc(o.Requests, func(r openapi.Request) bool {
			return strings.Contains(r.Path, id) || strings.Contains(string(r.Body), id)
		}) {
			first = append(first, made)
		}
	}
	return first
}

// exampleOperations are all operations in an order in which their examples
// work: what they are about is made first, and deleted last.
func exampleOperations() ([]*openapi.Operation, error) {
	var document openapi.Document
	if err := json.Unmarshal(openAPIDocument, &document); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	var all []*openapi.Operation
	for _, item := range document.Paths {
		for _, o := range []*openapi.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if o == nil || len(o.Requests) == 0 {
				continue
			}
			if err := onOneLine(o.Requests); err != nil {
				return nil, fmt.Errorf("read the examples of %s: %w", o.ID, err)
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b *openapi.Operation) int {
		x, y := a.Requests[len(a.Requests)-1], b.Requests[len(b.Requests)-1]
		return cmp.Or(cmp.Compare(turn(x), turn(y)), strings.Compare(x.Path, y.Path), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// onOneLine takes the indentation off bodies, which the document has for those
// who review it.
func onOneLine(requests []openapi.Request) error {
	for i, r := range requests {
		if len(r.Body) == 0 {
			continue
		}
		var line bytes.Buffer
		if err := json.Compact(&line, r.Body); err != nil {
			return err
		}
		requests[i].Body = line.Bytes()
	}
	return nil
}

// turn says when a request is to be sent. A resource goes before its owner: the
// deeper path first.
func turn(r openapi.Request) int {
	const most = 100
	turn := slices.Index([]string{http.MethodPut, http.MethodPost, http.MethodGet, http.MethodPatch, http.MethodDelete}, r.Method) * most
	if r.Method == http.MethodDelete {
		turn += most - strings.Count(r.Path, "-") // an id has dashes
	}
	return turn
}

// curl writes a request as a line for a POSIX shell. Answers end without a line
// feed, which people who read several of them miss.
func curl(r openapi.Request, signed bool) string {
	line := fmt.Sprintf(`curl -sS --fail-with-body -w '\n' -X %s "$API"%s`, r.Method, quote(r.Path))
	if signed {
		line += ` -H "Authorization: Bearer $TOKEN"`
	}
	if len(r.Body) > 0 {
		line += " -H 'Content-Type: application/json' --data " + quote(string(r.Body))
	}
	return line + "\n"
}

// quote writes text as one word of a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
