package localpg

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestLockHasOneHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var held, taken atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for mine := 0; mine < 50; {
				lock, err := takeLock(path)
				if errors.Is(err, errLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := held.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				mine++
				taken.Add(1)
				held.Add(-1)
				lock.release()
			}
		})
	}
	group.Wait()
	if n := taken.Load(); n != 8*50 {
		t.Errorf("the lock was taken %d times", n)
	}
}
