package httpx

import (
	"io"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"docket/platform/telemetry"
)

// logging returns an application that logs as the program does, to nowhere, and
// a request that was answered.
func logging(t testing.TB) (*App, *fiber.Ctx) {
	t.Helper()
	buffer := telemetry.NewLogBuffer(io.Discard)
	buffer.Hold()
	t.Cleanup(buffer.Stop)
	log, _ := telemetry.NewLogger(buffer, telemetry.LogOptions{Format: telemetry.JSON})
	a := New(Config{Log: log, Now: time.Now, NewID: uuid.New})
	c := a.fiber.AcquireCtx(&fasthttp.RequestCtx{})
	t.Cleanup(func() { a.fiber.ReleaseCtx(c) })
	a.requestID(c)
	c.Locals(localOwner, uuid.Max)
	return a, c
}

func TestCostOfLogging(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	a, c := logging(t)
	at := time.Now()
	if n := testing.AllocsPerRun(2000, func() { a.logRequest(c, "/api/v1/tasks/:id", at, 2813*time.Microsecond) }); n > forgotten {
		t.Errorf("to log a request takes %v allocations, more than %v", n, forgotten)
	}
}

func BenchmarkLogRequest(b *testing.B) {
	a, c := logging(b)
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		a.logRequest(c, "/api/v1/tasks/:id", at, 2813*time.Microsecond)
	}
}
