package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build is what a program says of itself.
type Build struct {
	Version   string // a module version or a commit
	GoVersion string
}

// Metrics is what the program counts and measures, for Prometheus to collect.
// Names follow https://prometheus.io/docs/practices/naming/: they begin with
// docket_, and units are seconds and bytes. No label takes a value that a client
// made up, so that the number of time series is bounded.
//
// A name that is registered twice, or is none, panics: that is a mistake in the
// program, met by whatever starts it.
type Metrics struct {
	registry  *prometheus.Registry
	now       func() time.Time
	durations *prometheus.HistogramVec
	jobs      jobs
}

// NewMetrics returns the metrics of a process, with those of the Go runtime
// and of the process in them.
func NewMetrics(b Build, now func() time.Time) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), now: now, durations: newDurations(), jobs: newJobs()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "docket_build_info", Help: "1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": b.Version, "go_version": b.GoVersion},
	})
	build.Set(1)
	m.registry.MustRegister(
		build, m.durations, m.jobs.runs, m.jobs.items, m.jobs.succeeded, m.jobs.took,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler answers with all metrics, in the format that the request asks for.
// What cannot be collected is left out, and the rest is not.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, ErrorHandling: promhttp.ContinueOnError})
}

// Gauge adds a number that goes up and down, read at each collection.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Counter adds a number that only grows, read at each collection. Its name ends
// in _total.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Counters adds numbers that only grow, one for each value of a label, read
// together at each collection. The values are those that read returns, and must
// be few.
func (m *Metrics) Counters(name, help, label string, read func() map[string]uint64) {
	m.readings(prometheus.CounterValue, name, help, label, func(emit func(string, float64)) {
		for value, n := range read() {
			emit(value, float64(n))
		}
	})
}

// Gauges is [Metrics.Counters] for numbers that go up and down.
func (m *Metrics) Gauges(name, help, label string, read func() map[string]float64) {
	m.readings(prometheus.GaugeValue, name, help, label, func(emit func(string, float64)) {
		for value, n := range read() {
			emit(value, n)
		}
	})
}

func (m *Metrics) readings(kind prometheus.ValueType, name, help, label string, read func(emit func(string, float64))) {
	desc := prometheus.NewDesc(name, help, []string{label}, nil)
	m.registry.MustRegister(readings{desc, func(out chan<- prometheus.Metric) {
		read(func(value string, n float64) { out <- prometheus.MustNewConstMetric(desc, kind, n, value) })
	}})
}

// readings implements [prometheus.Collector] for numbers that are kept
// elsewhere.
type readings struct {
	desc    *prometheus.Desc
	collect func(out chan<- prometheus.Metric)
}

func (r readings) Describe(out chan<- *prometheus.Desc) { out <- r.desc }

func (r readings) Collect(out chan<- prometheus.Metric) { r.collect(out) }

// Tally counts events by one label, all of whose values are known when it is
// made. Counting allocates nothing.
type Tally struct {
	byValue map[string]prometheus.Counter // never changes
	other   prometheus.Counter
}

// Tally adds a counter of events by the values of a label. One that is not
// among them counts as "other".
func (m *Metrics) Tally(name, help, label string, values ...string) *Tally {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	m.registry.MustRegister(vec)
	t := &Tally{byValue: make(map[string]prometheus.Counter, len(values)), other: vec.WithLabelValues("other")}
	for _, value := range values {
		t.byValue[value] = vec.WithLabelValues(value)
	}
	return t
}

// Count counts one event.
func (t *Tally) Count(value string) {
	if counter, known := t.byValue[value]; known {
		counter.Inc()
		return
	}
	t.other.Inc()
}
