package errs

// Explanation is what there is to learn of a code, for people. Code stands
// between backticks.
type Explanation struct {
	// Meaning says in a sentence or two what happened.
	Meaning string
	// Causes are why it usually happens, Remedies what to do about it.
	Causes, Remedies []string
}

// Explain explains a code of [Codes]; of another there is nothing to say.
func Explain(code Code) Explanation {
	if e, ok := explainRequest(code); ok {
		return e
	}
	if e, ok := explainState(code); ok {
		return e
	}
	return explainServer(code)
}

func explainRequest(code Code) (Explanation, bool) {
	e, ok := map[Code]Explanation{
		CodeMalformed: {
			"The request cannot be read: its body is not JSON, an id in the path is not a UUID, the cursor is damaged, the `Idempotency-Key` is not one.",
			[]string{
				"The body was put together by hand: a comma too many, a member twice, text that is not UTF-8.",
				"A path was built from a variable that was `undefined`: `/tasks/undefined`.",
				"A cursor was shortened, or used with another query than the one that it came from.",
				"An `Idempotency-Key` is empty, longer than 128 characters, or has others than visible ASCII.",
			},
			[]string{
				"Build bodies with `JSON.stringify`, and check an id before it becomes part of a path.",
				"Take `meta.next_cursor` as it is, and keep filters and `sort` as they were; only `limit` may change.",
				"Do not repeat the request as it is: it cannot succeed.",
			},
		},
		CodeMethodNotAllowed: {
			"The path exists and does not take this method.",
			[]string{"`PUT` or `DELETE` was sent to a list, or `POST` to a single resource.", "A redirect of a proxy turned a `POST` into a `GET`."},
			[]string{"The header `Allow` of the answer lists the methods that the path takes."},
		},
		CodeTooLarge: {
			"The body is larger than 1 MiB.",
			[]string{"A batch with very long descriptions.", "A file was put into a description: there are no attachments here."},
			[]string{"Send several requests: a batch takes up to 100 operations, and several batches may follow each other."},
		},
		CodeUnsupportedMedia: {
			"The body is not JSON in UTF-8, or is compressed.",
			[]string{"`Content-Type` is missing: `fetch` sends `text/plain` for a string.", "A form was sent, or a body with `Content-Encoding`."},
			[]string{"Send `Content-Type: application/json`; for PATCH, `application/merge-patch+json` is taken as well.", "Send the body uncompressed."},
		},
		CodeHeadersTooLarge: {
			"The headers are larger than 16 KiB, more than 100, or the URL is longer than 8 KiB.",
			[]string{"Cookies of other programs on the same host: on `localhost` they are shared by all ports.", "A filter with hundreds of ids in the URL."},
			[]string{"Send requests without cookies, which are not read here: `credentials: \"omit\"`.", "Ask for fewer ids at a time."},
		},
		CodeInvalid: {
			"The request is well-formed but some of it is wrong: `details` names all of it.",
			[]string{
				"A value breaks a rule of its field: too long, no date, not among the values that there are.",
				"A member or a query parameter has a name that nobody knows. It is refused rather than dropped, and the message names the nearest one.",
				"The body names a project, a parent or a tag that this user does not have.",
			},
			[]string{
				"Show each of `details` beside its field: `field` has your own name for it, such as `tag_ids[3]`, `code` is there to switch on, `message` for people.",
				"Do not repeat the request as it is.",
			},
		},
	}[code]
	return e, ok
}

func explainState(code Code) (Explanation, bool) {
	e, ok := map[Code]Explanation{
		CodeUnauthenticated: {
			"No token, or one that does not hold. A new token would help only if the old one was sent by mistake.",
			[]string{
				"The header is missing, or is not `Authorization: Bearer JWT`.",
				"`iss` or `aud` of the token is not what the server is configured for. With Better Auth the audience is set in `jwt({ jwt: { audience } })`.",
				"The key that signed it is not in the issuer's key set: the token is of another environment.",
				"The user was erased.",
			},
			[]string{
				"In `local` the message says which check failed. Elsewhere the log does, under the `request_id`: an attacker is told nothing.",
				"If nobody is signed in, send them to sign in. Do not repeat the request with the same token.",
			},
		},
		CodeTokenExpired: {
			"The token is genuine but past its `exp`: the one case in which to get a new token and try again.",
			[]string{"Better Auth's tokens live for 15 minutes, and the page was open for longer.", "The clocks of issuer and server differ by more than half a minute."},
			[]string{"Ask the issuer for a new token, `authClient.token()` with Better Auth, and send the request once more, once."},
		},
		CodeNotFound: {
			"There is nothing at this path, or no such resource for this user.",
			[]string{
				"It was deleted, perhaps in another tab or on another device.",
				"It belongs to somebody else: nobody can tell that from an id that never existed.",
				"The path is mistyped: all of the API is below `/api/v1`.",
			},
			[]string{"Take it off the screen, and fetch the list anew.", "For a `DELETE` that was repeated this is success: it is gone."},
		},
		CodeConflict: {
			"The request clashes with how things are: `details` says which resource has a name that is taken, or is archived. With `Retry-After` the same request may succeed later.",
			[]string{
				"A tag or a project has that name already; letter case makes no difference.",
				"An archived project takes no tasks.",
				"Others kept changing the same thing; then there is a `Retry-After`.",
			},
			[]string{"Where `details` has the code `taken`, use the resource whose `id` it names, or ask for another name.", "Where it has the code `archived`, unarchive the project whose `id` it names, or choose another.", "With `Retry-After`, wait that long and send the same request again."},
		},
		CodeIdempotencyKeyReused: {
			"The key was used for another request.",
			[]string{"One key was made for a form and used for every submission of it.", "The body was changed, by a time stamp perhaps, before the request was repeated."},
			[]string{"Make a new key, `crypto.randomUUID()`, for each thing that the user does; keep it, and the very same body, for repetitions of that."},
		},
		CodeIdempotencyKeyInUse: {
			"The first request with the key is still being served.",
			[]string{"The client gave up waiting and repeated the request while the first one was under way."},
			[]string{"Wait as long as `Retry-After` says and repeat it: the first one's answer is what you get."},
		},
		CodePreconditionFailed: {
			"The condition of `If-Match` or `If-None-Match` does not hold; nothing was written.",
			[]string{"Somebody changed the resource after you read it.", "`If-None-Match: *` was sent to create what exists already."},
			[]string{
				"`error.current` has the resource as it is now, and `ETag` its tag: apply the user's change to that, and send it with the new tag.",
				"Where both changed the same field, ask the user.",
			},
		},
	}[code]
	return e, ok
}

func explainServer(code Code) Explanation {
	return map[Code]Explanation{
		CodeRateLimited: {
			"More requests than this user, or this address without a valid token, may send in a while. Nothing was done, so that the request can be repeated as it is.",
			[]string{
				"A loop asks for things one by one.", "A component fetches on every render.", "Several tabs and devices of one user share one limit.",
				"A token that is nobody's was sent again and again: an address has a stricter limit for those.",
				"A download was begun while another is still being sent.",
			},
			[]string{
				"Wait as long as `Retry-After` says, and send the same request again; a write needs no `Idempotency-Key` for that.",
				"Look at `RateLimit-Remaining` on every answer to slow down ahead of it.",
				"Use `POST /api/v1/batch` for up to 100 changes, and lists with filters for many reads.",
			},
		},
		CodeInternal: {
			"A fault of ours. The log has it under the request id.",
			[]string{"A bug in the server."},
			[]string{"Repeat a write only with an `Idempotency-Key`: it may have been done.", "Tell whoever runs the server the `request_id`."},
		},
		CodeUnavailable: {
			"Something that is needed cannot be reached, too many requests are being served, or the server is stopping.",
			[]string{"The database or the issuer's key set cannot be reached.", "A new version is being started.", "The server has as many requests as it takes at once, or its database has."},
			[]string{"Wait as long as `Retry-After` says and repeat it; a write with the `Idempotency-Key` of the first attempt.", "`GET /readyz` says what is missing."},
		},
		CodeDeadlineExceeded: {
			"The request took longer than its deadline. Nothing was written.",
			[]string{"The database is slow.", "The request changes very much at once."},
			[]string{"Repeat it. If it goes on, ask for less: a smaller `limit`, fewer operations in a batch."},
		},
	}[code]
}

// ExplainFault explains a code of [FaultCodes]; of another there is nothing to
// say.
func ExplainFault(code FaultCode) Explanation {
	texts := map[FaultCode][3]string{
		FaultRequired:       {"The member is missing and has no default.", "It was left out, or is `undefined`, which `JSON.stringify` drops.", "Send it. In the document, `required` lists what a body must have."},
		FaultNullNotAllowed: {"The member is `null` where a value must stand.", "A cleared input was sent as `null`. In a PATCH, `null` clears a field, and this one cannot be cleared.", "Leave the member out to keep what is there; `[]` empties a list."},
		FaultInvalidType:    {"The value is of another JSON type.", "A number was sent as a string, or one value in place of a list.", "Send the type that the document names; `Number(input.value)` makes a number."},
		FaultInvalidFormat:  {"The text cannot be read as what it should be.", "A date in local notation, a colour by its name, an id that is no UUID, a title with control characters.", "Instants are RFC 3339 such as `2026-11-23T09:30:00Z`, dates `2026-11-23`, colours `#rrggbb`."},
		FaultInvalidValue:   {"The value is not one of those that there are.", "A status or priority is mistyped or in capitals, or a parent would make a circle.", "The message lists the values; the document has them as an enum."},
		FaultTooShort:       {"The text is shorter than it must be.", "An empty title, or one of spaces alone: they are cut off first.", "Ask for some text before the form is sent."},
		FaultTooLong:        {"The text is longer than it may be.", "Something was pasted.", "Characters are counted as Unicode has them, not UTF-16 units: `[...text].length`."},
		FaultTooMany:        {"The list has more elements than it may.", "More than 50 tags, or more than 100 operations.", "Send several requests, or fewer elements."},
		FaultOutOfRange:     {"The number is outside its bounds.", "A `limit` below 1 or above 200.", "The message names the bounds."},
		FaultDuplicate:      {"The same value stands twice.", "A tag was picked twice, or a query parameter sent twice.", "Send it once: `[...new Set(ids)]`."},
		FaultUnknownField:   {"There is no member of this name.", "A typo, or `camelCase`: names are `snake_case`. Or what was read is sent back whole.", "The message names the nearest one. Send only what can be set."},
		FaultUnknownParam:   {"There is no query parameter of this name.", "A typo, or a filter that this list does not have.", "The message names the nearest one."},
		FaultReadOnly:       {"The member is set by the server alone.", "What was read is sent back whole, with `created_at` or `position`.", "Leave it out. Where a task stands is changed with `move`, when it was completed with `status`."},
		FaultNotFound:       {"It names something that this user does not have.", "It was deleted meanwhile, or the id is another user's, or a `temp_id` that no earlier operation gave.", "Fetch the list anew and let the user choose again."},
		FaultConflict:       {"It contradicts another member, or what is there already.", "Both `due_at` and `due_on`, a parent in another project, both `before_id` and `after_id`.", "Set one and clear the other: `{\"due_at\": \"…\", \"due_on\": null}`."},
		FaultTaken:          {"Something else of this user has it, and no two may.", "A name that is in use already; letter case makes no difference.", "`id` says which one has it: use that one, or ask for another name."},
		FaultUnavailable:    {"What the server needs cannot be had: of `GET /readyz` alone.", "The database is down or out of reach, or the issuer's key set could not be fetched.", "Wait as long as `Retry-After` says. Operators find each in `configs/runbook.md`."},
		FaultIncomplete:     {"What the server needs is there, and lacks something: of `GET /readyz` alone.", "The release is newer than the schema of the database.", "The message names what is missing. Operators apply the schema."},
		FaultTimeout:        {"What the server needs did not answer in time: of `GET /readyz` alone.", "The database is overloaded, or the network to it is dead.", "Wait as long as `Retry-After` says."},
		FaultStopping:       {"The server is about to end: of `GET /readyz` alone.", "It is replaced by a new version, or scaled down.", "Ask another replica, or wait as long as `Retry-After` says."},
		FaultArchived:       {"It leads into a project that is archived.", "The project was archived on another device, and is still among those to choose from.", "`id` says which project: unarchive it first, or choose another."},
	}
	text, ok := texts[code]
	if !ok {
		return Explanation{}
	}
	return Explanation{Meaning: text[0], Causes: []string{text[1]}, Remedies: []string{text[2]}}
}
