package httpx

import (
	"log/slog"

	"github.com/gofiber/fiber/v2"
)

const localQuiet = "docket.quiet"

// AddGauge serves what view returns at path, outside the API and to anyone. It is
// for what is asked again and again: only at the level debug is it logged.
func (a *App) AddGauge(path string, view func() View) {
	a.meterRead(path)
	a.fiber.Get(path, func(c *fiber.Ctx) error {
		c.Locals(localQuiet, true)
		c.Set(fiber.HeaderCacheControl, cacheNever)
		answer := renderView(fiber.StatusOK, view())
		answer.ETag = "" // what a gauge shows is nothing to keep
		return send(c, answer)
	})
}

// Served returns how many requests of the API came in, those that were refused
// included.
func (a *App) Served() int64 { return a.served.Load() }

func levelOf(c *fiber.Ctx) slog.Level {
	if c.Locals(localQuiet) != nil {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
