package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"docket/platform/auth/devissuer"
)

// issuer is a frontend that signs tokens, and a web server with its key set.
type issuer struct {
	keys    []*devissuer.Issuer
	address string
	server  *http.Server
	asked   atomic.Int64
	// signing is the number of the key that users' tokens are signed with.
	signing int
	// published are the numbers of the keys in the key set.
	published atomic.Pointer[[]int]
}

// publish has the key set hold these keys and no others.
func (i *issuer) publish(keys ...int) { i.published.Store(&keys) }

// newIssuer makes one with a key in each of folders, and publishes the first.
func newIssuer(ctx context.Context, folders ...string) (*issuer, error) {
	i := &issuer{address: "127.0.0.1:0"}
	for _, folder := range folders {
		key, err := devissuer.Open(folder, rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make an issuer's key: %w", err)
		}
		i.keys = append(i.keys, key)
	}
	i.publish(0)
	return i, i.start(ctx)
}

// start serves the key set, at the address of last time.
func (i *issuer) start(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", i.address)
	if err != nil {
		return fmt.Errorf("serve the key set: %w", err)
	}
	i.address = l.Addr().String()
	i.server = &http.Server{Handler: http.HandlerFunc(i.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(l) }() // until stop
	return nil
}

func (i *issuer) serve(w http.ResponseWriter, _ *http.Request) {
	i.asked.Add(1)
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	for _, k := range *i.published.Load() {
		var one struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(i.keys[k].JWKS(), &one); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		set.Keys = append(set.Keys, one.Keys...)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(set) //nolint:errchkjson // raw messages; whoever is gone needs none
}

func (i *issuer) stop() error {
	if i.server == nil {
		return nil
	}
	if err := i.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop the issuer: %w", err)
	}
	return nil
}

// sign returns a token under the key of this number, good for a day.
func (i *issuer) sign(key int, email string) (string, error) {
	now := time.Now()
	token, err := i.keys[key].Sign(devissuer.Claims{
		Subject: devissuer.SubjectFor(email), Email: email, Name: email,
		IssuedAt: now.Add(-time.Minute), ExpiresAt: now.Add(24 * time.Hour),
	})
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// settings are what a server that trusts the issuer is told.
func (i *issuer) settings() []string {
	return []string{
		"DOCKET_AUTH_JWKS_URL=http://" + i.address + "/jwks", "DOCKET_AUTH_JWKS_REFRESH=2s",
		"DOCKET_AUTH_ISSUER=" + devissuer.IssuerURL, "DOCKET_AUTH_AUDIENCE=" + devissuer.Audience,
	}
}
