package telemetry

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Unmatched stands for the route of a request that none was found for.
const Unmatched = "unmatched"

// durationBuckets are the upper bounds of the histogram of requests, in
// seconds: from a get out of memory to the default deadline, and an export
// beyond that.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "docket_http_request_duration_seconds",
		Help:    "How long requests took, from their head being read until the answer was handed to the connection; a download until its end.",
		Buckets: durationBuckets,
	}, []string{"method", "route", "status_class"})
}

// requests are those of one route.
type requests struct {
	vec           *prometheus.HistogramVec
	method, route string
	// byClass holds what was resolved already: 1xx to 5xx.
	byClass [6]atomic.Pointer[prometheus.Observer]
}

// Requests returns what is to be told, of each request of one route, the status
// of its answer and how long it took. It is made once for each route: telling
// then allocates nothing. A route is its template, such as
// /api/v1/tasks/:id, never a path; [Unmatched] where there is none.
func (m *Metrics) Requests(method, route string) func(status int, took time.Duration) {
	r := &requests{vec: m.durations, method: method, route: route}
	if route != Unmatched {
		// A series that begins with its first event hides that from rate().
		r.observer(2)
		r.observer(5)
	}
	return r.observe
}

func (r *requests) observe(status int, took time.Duration) {
	r.observer(status / 100).Observe(took.Seconds())
}

func (r *requests) observer(class int) prometheus.Observer {
	if class < 1 || class >= len(r.byClass) {
		class = 5 // no status is out of range; should one be, it is our fault
	}
	if o := r.byClass[class].Load(); o != nil {
		return *o
	}
	o := r.vec.WithLabelValues(r.method, r.route, strconv.Itoa(class)+"xx")
	r.byClass[class].Store(&o)
	return o
}
