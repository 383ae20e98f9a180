package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// jobs measures work that is done in the background, again and again.
type jobs struct {
	runs            *prometheus.CounterVec
	items           *prometheus.CounterVec
	succeeded, took *prometheus.GaugeVec
}

func newJobs() jobs {
	label := []string{"work"}
	return jobs{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "docket_background_runs_total", Help: "Runs of work in the background that ended, by their result: ok or failed.",
		}, []string{"work", "result"}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "docket_background_items_total", Help: "Rows that work in the background removed.",
		}, label),
		succeeded: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "docket_background_last_success_timestamp_seconds", Help: "When work in the background last ended well; until it first does, when the process began.",
		}, label),
		took: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "docket_background_last_duration_seconds", Help: "How long the last run of work in the background took, good or not.",
		}, label),
	}
}

// Job measures one kind of work in the background.
type Job struct {
	name            string
	tracing         *Tracing
	now             func() time.Time
	ok, failed      prometheus.Counter
	items           func() prometheus.Counter
	succeeded, took prometheus.Gauge
}

// Job adds work in the background by its name, such as sweep_tombstones, each
// run of which is a trace of its own unless t is nil.
func (m *Metrics) Job(name string, t *Tracing) *Job {
	j := &Job{
		name:      name,
		tracing:   t,
		now:       m.now,
		ok:        m.jobs.runs.WithLabelValues(name, "ok"),
		failed:    m.jobs.runs.WithLabelValues(name, "failed"),
		items:     func() prometheus.Counter { return m.jobs.items.WithLabelValues(name) },
		succeeded: m.jobs.succeeded.WithLabelValues(name),
		took:      m.jobs.took.WithLabelValues(name),
	}
	j.succeeded.Set(unix(m.now()))
	return j
}

// Begin says that a run begins, which is given the context that it returns.
// What it returns beside that is called when the run ends, with how much it got
// done, 0 where that is not counted, and why it failed, if it did. A run that
// ended because ctx did has no result.
func (j *Job) Begin(ctx context.Context) (_ context.Context, end func(items int64, err error)) {
	began := j.now()
	ctx, endSpan := j.tracing.Work(ctx, j.name)
	return ctx, func(items int64, err error) {
		endSpan(err)
		ended := j.now()
		j.took.Set(ended.Sub(began).Seconds())
		if items > 0 {
			j.items().Add(float64(items))
		}
		switch {
		case err == nil:
			j.ok.Inc()
			j.succeeded.Set(unix(ended))
		case ctx.Err() == nil:
			j.failed.Inc()
		}
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
