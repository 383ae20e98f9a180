package httpx

import (
	"errors"

	"docket/platform/errs"
)

// candid adds to a refusal why it was refused, where that is for a developer's
// eyes. Elsewhere only the log has it, so that a forger learns nothing.
func (a *App) candid(err error) error {
	refusal := explain(err)
	cause := errors.Unwrap(refusal)
	if !a.Candid || refusal.Kind != errs.Unauthenticated || cause == nil {
		return err
	}
	said := *refusal
	said.Message += "; which check failed is said in local alone: " + cause.Error()
	return &said
}
