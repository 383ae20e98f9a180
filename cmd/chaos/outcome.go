package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// outcome is what a run came to.
type outcome struct {
	plan           plan
	took           time.Duration
	report         report
	traffic        totals
	contradictions []string
	// recoveries are the times from each return of PostgreSQL until every
	// writer was served.
	recoveries []time.Duration
}

// good reports whether all was kept that Docket promises.
func (o outcome) good() bool { return len(o.broken()) == 0 }

// broken lists the promises that were not kept.
func (o outcome) broken() []string {
	var broken []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{o.report.lost, "acknowledged writes were lost"},
		{o.report.doubled, "writes were done twice"},
		{o.report.halfDone, "writes were done by half"},
		{o.report.unexplained, "rows or kept answers stand for no acknowledged write"},
		{len(o.contradictions), "answers contradict what was acknowledged before"},
		{o.traffic.byStatus[500], "answers were 500"},
		{o.traffic.outageWrong, "answers without PostgreSQL were not 503 with Retry-After"},
	} {
		if p.n > 0 {
			broken = append(broken, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	for _, r := range o.recoveries {
		if r > maxRecovery {
			broken = append(broken, fmt.Sprintf("it took %s, more than %s, to recover from an outage", r.Round(time.Millisecond), maxRecovery))
		}
	}
	if o.report.acknowledged == 0 {
		broken = append(broken, "nothing was acknowledged, which proves nothing")
	}
	if o.plan.outages > 0 && o.traffic.outageFailures == 0 {
		broken = append(broken, "no request met an outage, which proves nothing")
	}
	return broken
}

func (o outcome) print(w io.Writer) {
	fmt.Fprintf(w, "seed %d, %d writers, %d kills of the server, %d of PostgreSQL, %s\n",
		o.plan.seed, o.plan.writers, o.plan.kills, o.plan.outages, o.took.Round(100*time.Millisecond))
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(o.traffic.byStatus)) {
		answers = append(answers, fmt.Sprintf("%d: %d", status, o.traffic.byStatus[status]))
	}
	var recoveries []string
	for _, r := range o.recoveries {
		recoveries = append(recoveries, r.Round(time.Millisecond).String())
	}
	for _, line := range []struct {
		name  string
		value any
	}{
		{"acknowledged", o.report.acknowledged},
		{"found", o.report.found},
		{"lost", o.report.lost},
		{"doubled", o.report.doubled},
		{"half-done", o.report.halfDone},
		{"unexplained", o.report.unexplained},
		{"contradictory", len(o.contradictions)},
		{"answers", strings.Join(answers, ", ")},
		{"no answer", fmt.Sprintf("%d attempts", o.traffic.unanswered)},
		{"replayed", o.traffic.replayed},
		{"no PostgreSQL", fmt.Sprintf("%d answers failed, %d of them other than 503 with Retry-After", o.traffic.outageFailures, o.traffic.outageWrong)},
		{"recovered in", strings.Join(recoveries, ", ")},
	} {
		fmt.Fprintf(w, "  %-14s %v\n", line.name, line.value)
	}
	findings := slices.Concat(o.contradictions, o.report.findings)
	for _, f := range findings[:min(len(findings), maxFindings)] {
		fmt.Fprintln(w, "  -", f)
	}
	if rest := len(findings) - maxFindings; rest > 0 {
		fmt.Fprintf(w, "  - and %d more\n", rest)
	}
	for _, b := range o.broken() {
		fmt.Fprintln(w, "BROKEN:", b)
	}
	if o.good() {
		fmt.Fprintln(w, "all kept")
	}
}
