package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"docket/platform/statement"
)

// median is the middle of a figure of samples, the mean of two where their
// number is even.
func median(samples []sample, figure func(sample) float64) float64 {
	figures := make([]float64, len(samples))
	for i, s := range samples {
		figures[i] = figure(s)
	}
	return medianOf(figures)
}

func medianOf(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	slices.Sort(figures)
	half := len(figures) / 2
	if len(figures)%2 == 1 {
		return figures[half]
	}
	return (figures[half-1] + figures[half]) / 2
}

// middle is the sample of the middle rate.
func middle(samples []sample) sample {
	sorted := slices.SortedFunc(slices.Values(samples), func(a, b sample) int { return cmp.Compare(a.perSecond, b.perSecond) })
	return sorted[len(sorted)/2]
}

// ratio is how a figure of one system compares with another's, turn by turn.
type ratio struct{ median, low, high float64 }

func compare(of, to []sample, figure func(sample) float64) ratio {
	var all []float64
	for i := range min(len(of), len(to)) {
		if under := figure(to[i]); under > 0 {
			all = append(all, figure(of[i])/under)
		}
	}
	if len(all) == 0 {
		return ratio{}
	}
	return ratio{median: medianOf(all), low: slices.Min(all), high: slices.Max(all)}
}

func (r ratio) String() string {
	if r.median == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.median, r.low, r.high)
}

func rate(s sample) float64 { return s.perSecond }

func cpu(s sample) float64 { return float64(s.cpu()) }

func micros(d float64) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", d/float64(time.Microsecond))
}

func millis(d float64) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", d/float64(time.Millisecond))
}

// print writes all tables, in Markdown.
func (f *found) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d processors, PostgreSQL %s, %s; %d tasks, %d connections, medians of %d turns of %s (least–greatest)\n\n",
		time.Now().Format(time.DateOnly), processor(), runtime.NumCPU(), f.setup.postgres, runtime.Version(), f.setup.tasks, f.connections, f.rounds, f.each)
	f.printTurns(w)
	f.printGoals(w)
	if f.brief {
		return
	}
	f.printPaced(w)
	f.printRungs(w)
}

func (f *found) printTurns(w io.Writer) {
	fmt.Fprintln(w, "| operation | system | requests/s | to PostgreSQL alone | to the bare server | p50 ms | p99 ms | CPU µs server | CPU µs PostgreSQL | CPU to bare |")
	fmt.Fprintln(w, "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, op := range f.only {
		of := f.turns[op]
		for _, name := range []string{alone, bare, docket, unwalled, keyed, larger} {
			s, ok := of[name]
			if !ok {
				continue
			}
			slowest, against := millis(median(s, p99)), compare(s, of[bare], cpu).String()
			if name == alone {
				against = "–"
			}
			fmt.Fprintf(w, "| %s | %s | %.0f | %s | %s | %s | %s | %s | %s | %s |\n", op, name, median(s, rate),
				compare(s, of[alone], rate), compare(s, of[bare], rate),
				millis(median(s, p50)), slowest,
				micros(median(s, func(s sample) float64 { return float64(s.server) })),
				micros(median(s, func(s sample) float64 { return float64(s.postgres) })), against)
		}
	}
	fmt.Fprintln(w)
}

// goal is what a ratio is to be.
type goal struct {
	op     statement.Operation
	what   string
	of, to string
	figure func(sample) float64
	limit  float64
	least  bool // else limit is the greatest that is good
}

func goals() []goal {
	var all []goal
	for i, op := range statement.Operations() {
		all = append(all,
			goal{op: op, what: "requests a second to bare", of: docket, to: bare, figure: rate, least: true, limit: []float64{.85, 1.15, .80, .80}[i]},
			goal{op: op, what: "the same, row-level security off", of: unwalled, to: bare, figure: rate, least: true, limit: []float64{.95, 1.20, .90, .90}[i]},
			goal{op: op, what: "CPU to bare", of: docket, to: bare, figure: cpu, limit: []float64{1.2, .9, 1.25, 1.25}[i]},
			goal{op: op, what: "the larger database to the smaller", of: larger, to: docket, figure: rate, least: true, limit: .85},
		)
	}
	return append(all, goal{
		op: statement.Create, what: "time of a plain create to one with a key", of: keyed, to: docket, figure: rate, least: true, limit: 1 / 1.5,
	})
}

func (f *found) printGoals(w io.Writer) {
	fmt.Fprintln(w, "| operation | goal | | measured | |")
	fmt.Fprintln(w, "| --- | --- | --: | --: | --- |")
	for _, g := range goals() {
		of, to := f.turns[g.op][g.of], f.turns[g.op][g.to]
		if len(of) == 0 || len(to) == 0 {
			continue
		}
		measured, sign := compare(of, to, g.figure), "≤"
		reached := measured.median <= g.limit
		if g.least {
			sign, reached = "≥", measured.median >= g.limit
		}
		fmt.Fprintf(w, "| %s | %s | %s %.2f | %s | %s |\n", g.op, g.what, sign, g.limit, measured, verdict(reached))
	}
	fmt.Fprintln(w)
}

func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "missed"
}

// spread is how long the slowest in a hundred took, compared with half of them.
func spread(s sample) float64 {
	if s.p50 == 0 {
		return 0
	}
	return float64(s.p99) / float64(s.p50)
}

func p50(s sample) float64 { return float64(s.p50) }

func p99(s sample) float64 { return float64(s.p99) }

// printPaced sets Docket beside the bare server, which has the same machine, the
// same load and the same PostgreSQL to wait for.
func (f *found) printPaced(w io.Writer) {
	fmt.Fprintln(w, "| half of the greatest rate | requests/s | p50 ms | p99 ms | p99 to p50 | ≤ 4 | bare: p50 ms | p99 ms | p99 to p50 | p99 to bare |")
	fmt.Fprintln(w, "| --- | --: | --: | --: | --: | --- | --: | --: | --: | --: |")
	var generator []float64
	for _, op := range f.only {
		own, other := f.paced[op][docket], f.paced[op][bare]
		r := median(own, spread)
		fmt.Fprintf(w, "| %s | %.0f | %s | %s | %.1f | %s | %s | %s | %.1f | %s |\n", op, median(own, rate), millis(median(own, p50)), millis(median(own, p99)),
			r, verdict(r <= 4), millis(median(other, p50)), millis(median(other, p99)), median(other, spread), compare(own, other, p99))
		for _, s := range slices.Concat(own, other) {
			generator = append(generator, float64(s.generator))
		}
	}
	fmt.Fprintf(w, "\nEach is measured from when it was due. The load itself took %s µs of these processors a request. %s\n\n", micros(medianOf(generator)), f.still)
}

func (f *found) printRungs(w io.Writer) {
	fmt.Fprintf(w, "| requests/s with connections | %s | never falls |\n| --- |%s --- |\n",
		strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ladder)), " | "), "[]"), strings.Repeat(" --: |", len(ladder)))
	for _, op := range f.only {
		fmt.Fprintf(w, "| %s |", op)
		grows, before := true, 0.0
		for _, n := range ladder {
			now := f.rungs[op][n].perSecond
			fmt.Fprintf(w, " %.0f |", now)
			grows = grows && now >= before*tolerance
			before = max(before, now)
		}
		fmt.Fprintf(w, " %s |\n", verdict(grows))
	}
	fmt.Fprintf(w, "\nDocket's greatest resident memory, %d connections included: %.1f MiB (goal: under 64): %s\n",
		ladder[len(ladder)-1], float64(f.peak)/(1<<20), verdict(f.peak < 64<<20))
}

// tolerance is how far a rate may lie below another and still be taken for the
// same: the machine's own speed moves more than that.
const tolerance = .95

// processor is the name of the processor, as far as it is known.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return strings.TrimSpace(strings.TrimLeft(name, "\t: "))
			}
		}
	}
	return runtime.GOARCH
}
