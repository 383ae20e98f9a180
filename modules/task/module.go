package task

import (
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
	"docket/modules/task/internal/rest"
	"docket/platform/position"
	pg "docket/platform/postgres"
)

// Module provides the routes of tasks and what task offers. It takes a
// database, a clock, a source of ids, and what the contract says task needs.
var Module = fx.Module("task",
	fx.Provide(
		fx.Private,
		fx.Annotate(postgres.NewStore, fx.As(new(core.Store)), fx.As(new(core.Tree)), fx.As(new(core.Reader)), fx.As(new(core.References)), fx.As(new(core.Tally))),
		func(db *pg.DB) core.Transactor { return db },
		func(projects Projects, tags Tags) core.Places { return core.Places{Projects: projects, Tags: tags} },
		func(now func() time.Time, newID func() uuid.UUID) core.Sources {
			return core.Sources{Now: now, NewID: newID, LastPosition: position.Last}
		},
		core.NewService,
		core.NewLists,
	),
	fx.Provide(
		core.NewRelease,
		core.NewCounts,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
