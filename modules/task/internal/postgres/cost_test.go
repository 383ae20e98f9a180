package postgres

import (
	"testing"

	"github.com/google/uuid"

	"docket/modules/task/internal/core"
)

func twoCoats() core.Task {
	description := core.Description("Two coats, and the gate as well.")
	return core.Task{Title: "Paint the fence 1234567", Description: &description}
}

// What a write costs must not rise unnoticed.
func TestCost(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	const most = 11
	task := twoCoats()
	if n := testing.AllocsPerRun(200, func() { _ = vector(uuid.Max, task) }); n > most*slack {
		t.Errorf("the words of a task take %v allocations, more than %v", n, most*slack)
	}
}

func BenchmarkVector(b *testing.B) {
	task := twoCoats()
	b.ReportAllocs()
	for b.Loop() {
		_ = vector(uuid.Max, task)
	}
}
