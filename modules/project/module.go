package project

import (
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"

	"docket/modules/project/internal/core"
	"docket/modules/project/internal/postgres"
	"docket/modules/project/internal/rest"
	"docket/platform/position"
	pg "docket/platform/postgres"
)

// Module provides the routes of projects and what project offers. It takes a database,
// a clock, a source of ids, and what the contract says project needs.
var Module = fx.Module("project",
	fx.Provide(
		fx.Private,
		fx.Annotate(postgres.NewStore, fx.As(new(core.Store)), fx.As(new(core.Order)), fx.As(new(core.Shared)), fx.As(new(core.Belongings))),
		func(db *pg.DB) core.Transactor { return db },
		func(deletion DeletionListener, counts TaskCounter) core.Tasks {
			return core.Tasks{Deletion: deletion, Counts: counts}
		},
		func(now func() time.Time, newID func() uuid.UUID) core.Sources {
			return core.Sources{Now: now, NewID: newID, LastPosition: position.Last, InsertPosition: position.Insert}
		},
		core.NewService,
	),
	fx.Provide(
		core.NewIntake,
		rest.NewBelongings,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
