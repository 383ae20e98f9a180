package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"docket/platform/pgtest"
)

// Lines of requests are written some time later: not so late that a stop, even
// one in a hurry, would lose any.
func TestStopLosesNoLineOfTheLog(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	for _, hurry := range []bool{false, true} {
		t.Run(fmt.Sprint("hurry=", hurry), func(t *testing.T) {
			t.Parallel()
			p := launch(t, "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(), "DOCKET_LOG_FORMAT=json")
			nobody := client{base: p.greeting.API}
			const requests = 50
			for i := range requests {
				if _, err := nobody.try(t.Context(), "GET", "/tags", "", "X-Request-Id", fmt.Sprintf("request-%d-", i)); err != nil {
					t.Fatal(err)
				}
			}
			p.signal(t, os.Interrupt)
			if hurry {
				p.interruptUntilEnded(t)
			}
			<-p.ended
			log := p.stderr.String()
			for i := range requests {
				if strings.Count(log, fmt.Sprintf(`"request-%d-"`, i)) != 1 {
					t.Errorf("request %d is not in the log once", i)
				}
			}
			if !strings.Contains(log, `"msg":"stopping"`) {
				t.Errorf("nor does it say that it stops:\n%s", log)
			}
		})
	}
}
