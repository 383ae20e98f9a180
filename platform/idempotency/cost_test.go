package idempotency_test

import (
	"testing"

	"github.com/google/uuid"
)

// BenchmarkWrite compares a plain write with one whose answer is kept, and
// with a replay: the sum of round trips, since tests' servers do not wait for
// the disk.
func BenchmarkWrite(b *testing.B) {
	l := newLab(b)
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if err := l.write(b.Context(), l.ada, uuid.NewString()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := l.Once(b.Context(), l.ada, uuid.NewString(), one, l.writing(l.ada)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("replayed", func(b *testing.B) {
		key := uuid.NewString()
		for b.Loop() {
			if _, _, err := l.Once(b.Context(), l.ada, key, one, l.writing(l.ada)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
