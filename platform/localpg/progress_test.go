package localpg

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyTheSlowIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		say := newTeller(func(line string) { told = append(told, line) })
		done := say.ifSlow("quick")
		time.Sleep(slow - time.Millisecond)
		done()
		done = say.ifSlow("slow")
		time.Sleep(slow + time.Millisecond)
		synctest.Wait()
		done()
		say.say("at once")
		newTeller(nil).say("nobody listens")
		if diff := cmp.Diff([]string{"slow", "at once"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
