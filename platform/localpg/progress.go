package localpg

import (
	"sync"
	"time"
)

// slow is how long something may take before the user is told what is going on.
const slow = 2 * time.Second

// teller passes progress lines on, one at a time.
type teller struct {
	mu   sync.Mutex
	tell func(string)
}

func newTeller(tell func(string)) *teller {
	if tell == nil {
		tell = func(string) {}
	}
	return &teller{tell: tell}
}

func (t *teller) say(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(line)
}

// ifSlow tells line unless the returned function is called within two seconds.
// After that call nothing is told any more.
func (t *teller) ifSlow(line string) (done func()) {
	over := false
	timer := time.AfterFunc(slow, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !over {
			t.tell(line)
		}
	})
	return func() {
		timer.Stop()
		t.mu.Lock()
		defer t.mu.Unlock()
		over = true
	}
}
