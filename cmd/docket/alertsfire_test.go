package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// alarm is when an alert fires and when it does not. Series are in the notation
// of promtool, a value a minute:
// https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
type alarm struct {
	// fires are series, and their values, of which the alert fires at a time,
	// and not yet at the time before: it waits for a while.
	fires    map[string]string
	at, wait string
	// silent are others, of which it does not fire at that time.
	silent map[string]string
	// labels are those of the alert besides its severity, and summary and
	// description what people read; the description is that of the rule where it
	// says nothing of the values.
	labels               map[string]string
	summary, description string
}

var replicaOne = map[string]string{"instance": "one", "job": "docket"}

const (
	failuresOne = `docket_http_failures_total{job="docket", instance="one", code=`
	requestsOne = `docket_http_request_duration_seconds_count{job="docket", instance="one", route="/api/v1/tasks", method="GET", status_class=`
	bucketOne   = `docket_http_request_duration_seconds_bucket{job="docket", instance="one", route="/api/v1/tasks", le=`
	exportOne   = `docket_http_request_duration_seconds_bucket{job="docket", instance="one", route="/api/v1/auth/me/export", le=`
	tokensOne   = `docket_auth_tokens_total{job="docket", instance="one", outcome=`
	decisionOne = `docket_rate_limit_decisions_total{job="docket", instance="one", decision=`
	ofOne       = `{job="docket", instance="one"}`
)

// alarms are of every alert in configs/prometheus/alerts.yaml.
func alarms() map[string]alarm {
	return map[string]alarm{
		"DocketDown": {
			fires: map[string]string{"up" + ofOne: "1 0x20"}, at: "3m", wait: "1m",
			silent: map[string]string{"up" + ofOne: "1 0 1x20", `up{job="other", instance="one"}`: "0x20"},
			labels: replicaOne, summary: "Docket at one does not answer",
		},
		"DocketErrors": {
			fires: map[string]string{requestsOne + `"5xx"}`: "0+2x30", requestsOne + `"2xx"}`: "0+98x30"}, at: "8m", wait: "3m",
			silent:  map[string]string{requestsOne + `"5xx"}`: "0+1x30", requestsOne + `"2xx"}`: "0+199x30", requestsOne + `"4xx"}`: "0+50x30"},
			summary: "2% of requests fail",
		},
		"DocketSlow": {
			fires: map[string]string{bucketOne + `"1"}`: "0+90x30", bucketOne + `"2.5"}`: "0+100x30", bucketOne + `"+Inf"}`: "0+100x30"}, at: "15m", wait: "8m",
			silent: map[string]string{
				bucketOne + `"1"}`: "0+995x30", bucketOne + `"2.5"}`: "0+1000x30", bucketOne + `"+Inf"}`: "0+1000x30",
				exportOne + `"1"}`: "0x30", exportOne + `"2.5"}`: "0+500x30", exportOne + `"+Inf"}`: "0+500x30",
			},
			summary: "One request in a hundred takes more than 2.35s",
		},
		"DocketDeadlinesPass": {
			fires: map[string]string{failuresOne + `"DEADLINE_EXCEEDED"}`: "0+6x30"}, at: "8m", wait: "3m",
			silent:  map[string]string{failuresOne + `"DEADLINE_EXCEEDED"}`: "0+2x30", failuresOne + `"INTERNAL"}`: "0+60x30"},
			summary: "Requests are given up at their deadline", description: "0.10 requests a second were answered 504 (http.request_timeout).",
		},
		"DocketUnavailable": {
			fires: map[string]string{failuresOne + `"SERVICE_UNAVAILABLE"}`: "0+60x30", "docket_stopping" + ofOne: "0x30"}, at: "8m", wait: "2m",
			silent: map[string]string{failuresOne + `"SERVICE_UNAVAILABLE"}`: "0+60x30", "docket_stopping" + ofOne: "1x30"},
			labels: map[string]string{"instance": "one"}, summary: "Docket at one lacks something that it needs",
		},
		"DocketSaturated": {
			fires: map[string]string{"docket_http_requests_in_flight" + ofOne: "900x30", "docket_http_requests_in_flight_max" + ofOne: "1024x30"}, at: "3m", wait: "1m",
			silent: map[string]string{"docket_http_requests_in_flight" + ofOne: "700x30", "docket_http_requests_in_flight_max" + ofOne: "1024x30"},
			labels: replicaOne, summary: "Docket at one is nearly full",
		},
		"DocketPoolExhausted": {
			fires: map[string]string{"docket_db_pool_wait_seconds_total" + ofOne: "0+12x30", "docket_db_pool_acquires_total" + ofOne: "0+60x30"}, at: "8m", wait: "4m",
			silent: map[string]string{"docket_db_pool_wait_seconds_total" + ofOne: "0+3x30", "docket_db_pool_acquires_total" + ofOne: "0+60x30", "docket_db_pool_given_up_total" + ofOne: "7x30"},
			labels: replicaOne, summary: "Requests of one wait for connections to the database",
		},
		"DocketKeySetStale": {
			fires: map[string]string{"docket_auth_key_set_age_seconds" + ofOne: "2700x30"}, at: "8m", wait: "4m",
			silent: map[string]string{"docket_auth_key_set_age_seconds" + ofOne: "600x30"},
			labels: replicaOne, summary: "Docket at one has not had the issuer's key set for 45m 0s",
		},
		"DocketNoKeys": {
			fires: map[string]string{"docket_auth_keys" + ofOne: "0x30"}, at: "2m", wait: "0m",
			silent: map[string]string{"docket_auth_keys" + ofOne: "1x30"},
			labels: replicaOne, summary: "Docket at one has no key to check tokens with",
		},
		"DocketTokensRefused": {
			fires: map[string]string{tokensOne + `"signature_invalid"}`: "0+30x40", tokensOne + `"accepted"}`: "0+70x40"}, at: "15m", wait: "8m",
			silent:  map[string]string{tokensOne + `"signature_invalid"}`: "0+1x40", tokensOne + `"accepted"}`: "0+9x40", tokensOne + `"expired"}`: "0+50x40", tokensOne + `"token_missing"}`: "0+50x40"},
			summary: "30% of tokens are refused",
		},
		"DocketRateLimited": {
			fires: map[string]string{decisionOne + `"refused"}`: "0+20x40", decisionOne + `"allowed"}`: "0+80x40"}, at: "15m", wait: "8m",
			silent:  map[string]string{decisionOne + `"refused"}`: "0+1x40", decisionOne + `"allowed"}`: "0+80x40"},
			summary: "20% of requests are over their rate limit",
		},
		"DocketRateLimitBlind": {
			fires: map[string]string{decisionOne + `"uncounted"}`: "0+5x30"}, at: "8m", wait: "3m",
			silent: map[string]string{decisionOne + `"uncounted"}`: "7x30", decisionOne + `"allowed"}`: "0+5x30"},
			labels: map[string]string{"instance": "one"}, summary: "Docket at one cannot count requests",
		},
		"DocketWorkStalled": {
			fires: map[string]string{`docket_background_last_success_timestamp_seconds{job="docket", instance="one", work="erase"}`: "0x40"}, at: "20m", wait: "15m",
			silent: map[string]string{`docket_background_last_success_timestamp_seconds{job="docket", instance="one", work="erase"}`: "0+60x40"},
			labels: map[string]string{"instance": "one", "job": "docket", "work": "erase"}, summary: "erase at one has not ended well for 20m 0s",
		},
		"DocketRestarts": {
			fires: map[string]string{"process_start_time_seconds" + ofOne: "10 20 30 40 50 50x40"}, at: "5m", wait: "3m",
			silent: map[string]string{"process_start_time_seconds" + ofOne: "10 20 30x40"},
			labels: replicaOne, summary: "Docket at one started 4 times in half an hour",
		},
		"DocketFilesRunOut": {
			fires: map[string]string{"process_open_fds" + ofOne: "900x30", "process_max_fds" + ofOne: "1000x30"}, at: "8m", wait: "4m",
			silent: map[string]string{"process_open_fds" + ofOne: "500x30", "process_max_fds" + ofOne: "1000x30"},
			labels: replicaOne, summary: "Docket at one has opened 90% of the files and connections that it may",
		},
		"DocketLeaks": {
			fires: map[string]string{"go_goroutines" + ofOne: "30000x30"}, at: "16m", wait: "14m",
			silent: map[string]string{"go_goroutines" + ofOne: "15000x30"},
			labels: replicaOne, summary: "Docket at one has 30000 goroutines",
		},
	}
}

// promtool is the one of Prometheus, which evaluates rules as Prometheus does.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs promtool (in Debian: prometheus)")
	}
	t.Skip("needs promtool (in Debian: prometheus)")
	return ""
}

type (
	promSeries struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	promAlert struct {
		Labels      map[string]string `json:"exp_labels"`
		Annotations map[string]string `json:"exp_annotations"`
	}
	promExpectation struct {
		At     string      `json:"eval_time"`
		Alert  string      `json:"alertname"`
		Alerts []promAlert `json:"exp_alerts"`
	}
	promTest struct {
		Name     string            `json:"name"`
		Interval string            `json:"interval"`
		Series   []promSeries      `json:"input_series"`
		Expected []promExpectation `json:"alert_rule_test"`
	}
)

// tests are those of promtool for one alert.
func (a alarm) tests(r rule) []promTest {
	labels := map[string]string{"severity": r.Labels["severity"]}
	maps.Copy(labels, a.labels)
	annotations := map[string]string{
		"summary": a.summary, "description": cmp.Or(a.description, r.Annotations["description"]), "runbook": r.Annotations["runbook"],
	}
	return []promTest{
		{r.Alert + " fires", "1m", seriesOf(a.fires), []promExpectation{{a.wait, r.Alert, []promAlert{}}, {a.at, r.Alert, []promAlert{{labels, annotations}}}}},
		{r.Alert + " is silent", "1m", seriesOf(a.silent), []promExpectation{{a.at, r.Alert, []promAlert{}}}},
	}
}

func seriesOf(values map[string]string) []promSeries {
	var all []promSeries
	for name, v := range values {
		all = append(all, promSeries{name, v})
	}
	slices.SortFunc(all, func(a, b promSeries) int { return strings.Compare(a.Series, b.Series) })
	return all
}

// Each alert fires where it should, after its while, with the words that people
// read, and is silent where it should be.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	tool := promtool(t)
	rules, err := filepath.Abs(filepath.Join(repository, "configs", "prometheus", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	left := alarms()
	var tests []promTest
	for _, r := range alertRules(t) {
		a, there := left[r.Alert]
		if !there {
			t.Errorf("it is not said when %s fires and when it does not", r.Alert)
			continue
		}
		delete(left, r.Alert)
		tests = append(tests, a.tests(r)...)
	}
	for name := range left {
		t.Errorf("%s is no alert", name)
	}
	// JSON is YAML.
	text, err := json.Marshal(map[string]any{"rule_files": []string{rules}, "evaluation_interval": "1m", "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alerts.test.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "rules", rules}, {"test", "rules", file}} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
