package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
)

const (
	// healthTimeout is longer than a probe takes at most.
	healthTimeout = 5 * time.Second
	// maxHealthBytes bounds the answer that is read.
	maxHealthBytes = 64 << 10
)

func newHealthCommand(o *options) *cobra.Command {
	var address string
	var live bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a running server whether it is ready",
		Long: `Ask a running server whether it can do its work (/readyz), or with --live
whether it answers at all (/livez). Exit code 0 says that it does; 1 that it does
not, and why; 2 that it cannot be asked. It is made for health checks of
containers that have no shell.`,
		Example: `  docket health
  docket health --address 127.0.0.1:8080 --live
  docket health --timeout 2s || echo "take it out of the balancer"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if timeout <= 0 {
				return &usageError{errors.New("--timeout must be positive, such as 5s")}
			}
			if address == "" {
				cfg, err := o.load()
				if err != nil {
					return err
				}
				address = cfg.HTTP.Address
			}
			at, err := reachableAt(address)
			if err != nil {
				return &usageError{err}
			}
			path := readyPath
			if live {
				path = livePath
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			return askHealth(ctx, "http://"+at+path, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&address, "address", "", "host:port of the server (http.address of the settings)")
	c.Flags().BoolVar(&live, "live", false, "ask whether it answers, not whether it is ready")
	c.Flags().DurationVar(&timeout, "timeout", healthTimeout, "how long to wait")
	return c
}

// reachableAt is where to ask a server that listens on address: on loopback,
// where it listens on every interface.
func reachableAt(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("the address %q is not host:port: %w", address, err)
	}
	if port == "0" || port == "" {
		return "", fmt.Errorf("the address %q does not say which port the server got; name it with --address", address)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}

// askHealth prints what the server says of itself, or returns why it is not
// well.
func askHealth(ctx context.Context, url string, stdout io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("prepare the request: %w", err)
	}
	// Straight there: neither through a proxy of the environment nor wherever a
	// stranger on that port points.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server answers: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or given up
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxHealthBytes))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	var envelope struct {
		Data  json.RawMessage
		Error struct{ Message string }
	}
	err = json.Unmarshal(content, &envelope)
	switch {
	case err == nil && answer.StatusCode == http.StatusOK && envelope.Data != nil:
	case err == nil && answer.StatusCode != http.StatusOK && envelope.Error.Message != "":
		return errors.New(envelope.Error.Message)
	default:
		return fmt.Errorf("%s answered %d, and not as docket does", url, answer.StatusCode)
	}
	_, err = fmt.Fprintf(stdout, "%s\n", envelope.Data)
	return err
}
