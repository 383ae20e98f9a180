package identity

import (
	"go.uber.org/fx"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/memory"
	"docket/modules/identity/internal/postgres"
	"docket/modules/identity/internal/rest"
	pg "docket/platform/postgres"
)

// Module provides the routes of the signed-in user and what identity offers. It
// takes a database, a token verifier, a clock, a source of ids, and what the
// contract says identity needs.
var Module = fx.Module("identity",
	fx.Provide(
		fx.Private,
		fx.Annotate(postgres.NewStore, fx.As(new(core.Store)), fx.As(new(core.Tombstones))),
		func(db *pg.DB) core.Transactor { return db },
		func(db *pg.DB) core.Snapshots { return db },
		fx.Annotate(memory.New, fx.As(new(core.Memory))),
		core.NewService,
		core.NewExports,
	),
	fx.Provide(
		rest.NewAuthenticator,
		core.NewErasure,
		core.NewLookout,
		core.NewZones,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
