package tag

import (
	"go.uber.org/fx"

	"docket/modules/tag/internal/core"
	"docket/modules/tag/internal/postgres"
	"docket/modules/tag/internal/rest"
	pg "docket/platform/postgres"
)

// Module provides the routes of tags and what tag offers. It takes a database,
// a clock, a source of ids, and what the contract says tag needs.
var Module = fx.Module("tag",
	fx.Provide(
		fx.Private,
		fx.Annotate(postgres.NewStore, fx.As(new(core.Store)), fx.As(new(core.IDs)), fx.As(new(core.Belongings))),
		func(db *pg.DB) core.Transactor { return db },
		func(deletion DeletionListener, counts TaskCounter) core.Tasks {
			return core.Tasks{Deletion: deletion, Counts: counts}
		},
		core.NewService,
	),
	fx.Provide(
		core.NewExistence,
		rest.NewBelongings,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
