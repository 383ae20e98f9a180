package main

import (
	"docket/platform/httpx"
	"docket/platform/openapi"
)

// findingSchema describes a [finding].
func findingSchema() *openapi.Schema {
	return openapi.Object(
		openapi.Member("status", openapi.Described(openapi.OneOf(statusOK, statusDegraded), "`degraded` is what the server does without.")),
		openapi.Maybe("message", openapi.Described(openapi.String(1, 0), "What is degraded, for people.")),
		openapi.Maybe("took_ms", openapi.Described(openapi.Number(0), "How many milliseconds the check took, where it asks somebody.")),
		openapi.Maybe("columns", openapi.Described(openapi.Integer(1, -1), "How many columns of the database are there that the program needs: all of them.")),
		openapi.Maybe("keys", openapi.Described(openapi.Integer(1, -1), "How many keys there are to verify tokens with.")),
		openapi.Maybe("age_seconds", openapi.Described(openapi.Number(0), "How many seconds ago these were fetched.")),
	)
}

// healthShown is what the document says of a probe, with an example.
func healthShown(example health) *httpx.Resource {
	checks := &openapi.Schema{Type: "object", Description: "What was looked at, by name.", AdditionalProperties: findingSchema()}
	return &httpx.Resource{Example: example, Schema: openapi.Named("Health", openapi.Object(
		openapi.Member("status", openapi.OneOf(statusAlive, statusReady)),
		openapi.Maybe("checks", checks),
	))}
}
