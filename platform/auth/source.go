package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// MaxKeySetBytes is the longest key set that is read, after decompression.
const MaxKeySetBytes = 256 << 10

// maxRedirects is how often a key set may point elsewhere on its own host.
const maxRedirects = 3

// Source returns an issuer's JWK Set document (RFC 7517, section 5). It must
// honour ctx. [HTTPSource] makes one for a remote issuer; the development
// issuer is one in process.
type Source func(ctx context.Context) ([]byte, error)

// HTTPSource returns a Source that gets the key set from rawURL: any answer
// but status 200, one over MaxKeySetBytes, and a redirect to another host or
// from https to http are errors. ctx bounds its time. The error of HTTPSource
// itself says what is wrong with rawURL, which must be absolute, http or https.
// Each of around wraps what sends the request, to watch it.
func HTTPSource(rawURL string, around ...func(http.RoundTripper) http.RoundTripper) (Source, error) {
	address, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("read the key set's URL: %w", err)
	}
	if address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, errors.New("the key set's URL must be absolute, with http or https")
	}
	var transport http.RoundTripper = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
		// One fetch in minutes: a kept connection would only be a goroutine to
		// clean up, and would be stale by then.
		DisableKeepAlives: true,
	}
	for _, wrap := range around {
		transport = wrap(transport)
	}
	client := &http.Client{CheckRedirect: stayOnHost, Transport: transport}
	return func(ctx context.Context) ([]byte, error) {
		return fetch(ctx, client, address.String())
	}, nil
}

func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("prepare the request for the key set: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	// A failing Close of a body that was read, or given up, changes nothing.
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, &fetchFault{FetchRefused, fmt.Errorf("fetch the key set: the issuer answered with status %d, not 200", response.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxKeySetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	if len(body) > MaxKeySetBytes {
		return nil, errTooLarge()
	}
	return body, nil
}

func errTooLarge() error {
	return &fetchFault{FetchTooLarge, fmt.Errorf("read the key set: more than %d bytes", MaxKeySetBytes)}
}

func stayOnHost(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > maxRedirects {
		return &fetchFault{FetchRefused, fmt.Errorf("more than %d redirects", maxRedirects)}
	}
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme && next.URL.Scheme != "https" {
		return &fetchFault{FetchRefused, errors.New("the issuer redirects its key set to another host or to plain http")}
	}
	return nil
}
