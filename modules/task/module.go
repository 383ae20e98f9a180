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
		fx.Annotate(postgres.NewStore, fx.As(fx.Self()), fx.As(new(core.References)), fx.As(new(core.Tally)), fx.As(new(core.Belongings))),
		func(s *postgres.Store) core.Stores { return core.Stores{Store: s, Tree: s, Order: s} },
		func(db *pg.DB) core.Transactor { return db },
		func(projects Projects, tags Tags) core.Places { return core.Places{Projects: projects, Tags: tags} },
		func(now func() time.Time, newID func() uuid.UUID) core.Sources {
			return core.Sources{Now: now, NewID: newID, LastPosition: position.Last, InsertPosition: position.Insert}
		},
		func(s *postgres.Store) core.Reader { return s },
		core.NewService,
		core.NewLists,
	),
	fx.Provide(
		core.NewRelease,
		core.NewCounts,
		rest.NewBelongings,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
