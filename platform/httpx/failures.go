package httpx

import (
	"strings"

	"docket/platform/errs"
)

// ErrorsPath is where each code of a failure has a page, below it.
const ErrorsPath = "/docs/errors"

// Failure is one of the failures that the API answers.
type Failure struct {
	Code   errs.Code
	Status int
	// Example is a body with the code.
	Example []byte
}

// Failures lists every failure, in the order of their statuses' kinds.
func Failures() []Failure {
	var all []Failure
	for _, kind := range errs.Kinds() {
		for _, code := range errs.CodesOf(kind) {
			example := *failures[kind]
			if code != errs.CodesOf(kind)[0] {
				example = errs.Error{Kind: kind, Code: code, Message: otherExamples[code]}
			}
			all = append(all, Failure{Code: code, Status: statusOf[kind], Example: renderFailure(&example, exampleRequestID).Body})
		}
	}
	return all
}

// otherExamples are messages of codes that are not the first of their kind.
var otherExamples = map[errs.Code]string{
	errs.CodeTokenExpired:         "the token has expired",
	errs.CodeIdempotencyKeyReused: "the Idempotency-Key was used for another request",
	errs.CodeIdempotencyKeyInUse:  "the first request with this Idempotency-Key is still being served",
}

// describeKind says what a kind of failure means, code by code.
func describeKind(kind errs.Kind) string {
	var text strings.Builder
	for i, code := range errs.CodesOf(kind) {
		if i > 0 {
			text.WriteString(" `" + string(code) + "`: ")
		}
		text.WriteString(errs.Explain(code).Meaning)
	}
	return text.String()
}
