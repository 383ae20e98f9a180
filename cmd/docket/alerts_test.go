package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// rule is an alert of configs/prometheus/alerts.yaml.
type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func alertRules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "configs", "prometheus", "alerts.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// panelQueries are those of configs/grafana/docket.json, by panel.
func panelQueries(t *testing.T) map[string][]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "configs", "grafana", "docket.json")), &board); err != nil {
		t.Fatal(err)
	}
	queries := map[string][]string{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries[p.Title] = append(queries[p.Title], strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	return queries
}

// exposition is what a process shows: the labels of each series, by name.
type exposition map[string][]labels.Labels

func exposed(page string) exposition {
	series := regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)
	pair := regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
	// What Prometheus itself knows of a target.
	e := exposition{"up": {labels.FromStrings("job", "docket", "instance", "x")}}
	for _, s := range series.FindAllStringSubmatch(page, -1) {
		all := []string{"job", "docket", "instance", "x"}
		for _, p := range pair.FindAllStringSubmatch(s[2], -1) {
			all = append(all, p[1], p[2])
		}
		e[s[1]] = append(e[s[1]], labels.FromStrings(all...))
	}
	return e
}

// check returns what a query asks for that no process shows.
func (e exposition) check(query string) error {
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return err
	}
	var faults []error
	names := map[string]bool{} // of labels, on any of its series
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			faults = append(faults, e.checkSelector(s)...)
			for _, series := range e[s.Name] {
				series.Range(func(l labels.Label) { names[l.Name] = true })
			}
		}
		return nil
	})
	grouped := func(by []string) {
		for _, name := range by {
			if !names[name] {
				faults = append(faults, fmt.Errorf("no series has the label %s", name))
			}
		}
	}
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			grouped(n.Grouping)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				grouped(n.VectorMatching.MatchingLabels)
				grouped(n.VectorMatching.Include)
			}
		default:
		}
		return nil
	})
	return errors.Join(faults...)
}

func (e exposition) checkSelector(s *parser.VectorSelector) []error {
	all := e[s.Name]
	if len(all) == 0 {
		return []error{fmt.Errorf("there is no metric %s", s.Name)}
	}
	var faults []error
	for _, m := range s.LabelMatchers {
		if m.Name == "__name__" || strings.HasPrefix(m.Value, "$") {
			continue
		}
		// Each of several values, or else one is misspelt and nobody notices.
		for value := range strings.SplitSeq(m.Value, "|") {
			one := m
			if m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp {
				one = labels.MustNewMatcher(labels.MatchRegexp, m.Name, value)
			} else {
				one = labels.MustNewMatcher(labels.MatchEqual, m.Name, value)
			}
			if !slices.ContainsFunc(all, func(l labels.Labels) bool { return l.Has(m.Name) && one.Matches(l.Get(m.Name)) }) {
				faults = append(faults, fmt.Errorf("%s has no %s that is %q", s.Name, m.Name, value))
			}
		}
	}
	return faults
}

// What the dashboard and the alerts ask for is what a process shows.
func TestQueriesFindTheirMetrics(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux, where a process can tell all that it has")
	}
	s := serving(t)
	ada := s.as(t, adaAddress)
	one(t, ada.do(t, "POST", "/tasks", `{"title":"a"}`), 201)
	ada.do(t, "GET", "/auth/me/export", "").Want(t, 200)
	shown := exposed(metricsOf(t, s.greeting))

	rules, panels := alertRules(t), panelQueries(t)
	if len(rules) < 10 || len(panels) < 10 {
		t.Errorf("there are %d alerts and %d panels: the test has lost its object", len(rules), len(panels))
	}
	for _, r := range rules {
		if err := shown.check(r.Expr); err != nil {
			t.Errorf("alert %s: %v", r.Alert, err)
		}
	}
	for title, queries := range panels {
		for _, q := range queries {
			if err := shown.check(q); err != nil {
				t.Errorf("panel %s: %v\n\t%s", title, err, q)
			}
		}
	}
	for query, fault := range map[string]string{
		`rate(docket_http_request_total[5m])`:                                      "no metric docket_http_request_total",
		`docket_auth_tokens_total{outcome=~"accepted|forged"}`:                     `no outcome that is "forged"`,
		`docket_auth_tokens_total{result="accepted"}`:                              "no result that is",
		`sum by (path) (rate(docket_http_request_duration_seconds_count{}[5m]))`:   "no series has the label path",
		`docket_auth_keys / on (shard) docket_auth_keys`:                           "no series has the label shard",
		`histogram_quantile(0.99, rate(docket_http_request_duration_seconds[5m]))`: "no metric docket_http_request_duration_seconds",
		`sum(rate(`: "parse error",
	} {
		if err := shown.check(query); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v, want %q", query, err, fault)
		}
	}
}

// Whoever an alert wakes is told what it means, and where it says what to do.
func TestAlertsAreExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	duration := regexp.MustCompile(`^(\d+m)?$`)
	for _, r := range alertRules(t) {
		if seen[r.Alert] || !strings.HasPrefix(r.Alert, "Docket") {
			t.Errorf("%s is there twice, or does not say whose it is", r.Alert)
		}
		seen[r.Alert] = true
		if !slices.Contains([]string{"info", "warning", "critical"}, r.Labels["severity"]) || !duration.MatchString(r.For) {
			t.Errorf("%s has the severity %q and waits for %q", r.Alert, r.Labels["severity"], r.For)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Annotations["runbook"] != "#"+strings.ToLower(r.Alert) {
			t.Errorf("%s has the annotations %v", r.Alert, r.Annotations)
		}
	}
}

// The files beside the settings are none.
func TestDashboardsAreNoSettings(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(repository, "configs")
	got := execute(t, nil, "config", "--configs", folder, "--data-dir", t.TempDir())
	if got.code != 0 {
		t.Errorf("docket config --configs %s: %s", folder, got.stderr)
	}
}
