package identity

import (
	"go.uber.org/fx"

	"docket/modules/identity/internal/core"
	"docket/modules/identity/internal/memory"
	"docket/modules/identity/internal/postgres"
	"docket/modules/identity/internal/rest"
)

// Module provides the routes of the signed-in user and the [Authenticator]. It
// takes a database, a token verifier, a clock and a source of ids.
var Module = fx.Module("identity",
	fx.Provide(
		fx.Private,
		fx.Annotate(postgres.NewStore, fx.As(new(core.Store))),
		fx.Annotate(memory.New, fx.As(new(core.Memory))),
		core.NewService,
	),
	fx.Provide(
		rest.NewAuthenticator,
		core.NewZones,
		fx.Annotate(rest.Routes, fx.ResultTags(`group:"routes,flatten"`)),
	),
)
