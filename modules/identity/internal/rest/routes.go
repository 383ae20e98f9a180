// Package rest serves the signed-in user over HTTP, and finds out who that is.
package rest

import (
	"docket/modules/identity/internal/core"
	"docket/platform/errs"
	"docket/platform/httpx"
)

// Routes lists every operation on the signed-in user.
func Routes(users *core.Service, erasure *core.Erasure, exports *core.Exports) []httpx.Route {
	h := handlers{users: users, erasure: erasure, exports: exports}
	return []httpx.Route{
		{
			Method: "GET", Path: "/auth/me", Operation: "getMe", Group: group, Summary: "Read who is signed in",
			Description: "The first request of somebody new makes the user; nothing has to be set up.",
			Shows:       &user, Handle: h.get,
		},
		{
			Method: "PATCH", Path: "/auth/me", Operation: "updateMe", Group: group, Summary: "Change the time zone",
			Description: "The time zone is the only thing that is kept here; e-mail and name follow the token.",
			Body:        httpx.Reads("UserPatch", some), Shows: &user, Guards: &user, Handle: h.update,
			Example: httpx.Example{Body: `{"time_zone":"Europe/Berlin"}`},
		},
		{
			Method: "DELETE", Path: "/auth/me", Operation: "deleteMe", Group: group, Summary: "Erase the user and everything it owns",
			Description: "From then on the user's tokens are answered 401. There is no way back.",
			Statuses:    []int{204}, Guards: &user, Handle: h.delete,
		},
		{
			Method: "GET", Path: "/auth/me/export", Operation: "exportMe", Group: group, Summary: "Download everything the user owns",
			Description: "One JSON document, as everything was at one instant, sent while it is read.",
			Shows:       &export, Streams: true, Handle: h.export,
		},
	}
}

type handlers struct {
	users   *core.Service
	erasure *core.Erasure
	exports *core.Exports
}

func (h handlers) get(r *httpx.Request) (httpx.Response, error) {
	user, err := h.users.Get(r.Context(), r.Owner())
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(user)), nil
}

func (h handlers) update(r *httpx.Request) (httpx.Response, error) {
	user, err := h.users.Update(r.Context(), r.Owner(), httpx.Guard(r, view), some(r.Body()))
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.OK(view(user)), nil
}

// delete answers as soon as nobody can reach what the user had: to remove it
// all may take longer than a request has.
func (h handlers) delete(r *httpx.Request) (httpx.Response, error) {
	if err := h.erasure.Erase(r.Context(), r.Owner(), httpx.Guard(r, view)); err != nil {
		return httpx.Response{}, err
	}
	return httpx.NoContent(), nil
}

// userView is a user as that user sees it.
type userView core.User

func view(u core.User) userView { return userView(u) }

// AppendJSON implements [httpx.View].
func (v userView) AppendJSON(dst []byte) []byte {
	j := httpx.NewJSON(dst)
	j.ID("id", v.ID)
	j.String("subject", v.Subject)
	j.String("issuer", v.Issuer)
	j.StringOrNull("email", v.Email)
	j.StringOrNull("name", v.Name)
	j.String("time_zone", string(v.TimeZone))
	j.Instant("created_at", v.CreatedAt)
	j.Instant("updated_at", v.UpdatedAt)
	return j.End()
}

// some reads a body that says what is to change: a merge patch (RFC 7396).
func some(body *httpx.Object) core.Change {
	return func(d *core.Draft) errs.Faults {
		httpx.Text(body, "time_zone", &d.TimeZone, timeZone)
		body.ReadOnly("id", "subject", "issuer", "email", "name", "created_at", "updated_at")
		return body.Faults()
	}
}
