package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"docket/platform/auth"
	"docket/platform/auth/devissuer"
	"docket/platform/config"
	"docket/platform/localpg"
)

// jwksPath is where the development issuer's key set is served: where Better
// Auth serves its own.
const jwksPath = "/api/auth/jwks"

// The development user, and how long its token lasts: longer than Better
// Auth's, which a frontend renews by itself.
const (
	developmentEmail   = "ada@example.com"
	developmentName    = "Ada"
	developmentExpires = 24 * time.Hour
)

func newTokenCommand(o *options) *cobra.Command {
	var email, subject, name string
	var expires time.Duration
	c := &cobra.Command{
		Use:   "token",
		Short: "Print a fresh token of the development issuer",
		Long: `Print a fresh token of the development issuer, which the environment local
accepts. The same e-mail address is always the same user.`,
		Example: `  docket token --email ada@example.com
  curl -H "Authorization: Bearer $(docket token)" http://127.0.0.1:8080/api/v1/auth/me
  docket token --subject 42 --name Grace --expires 1m`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			if !cfg.DevelopmentIssuer() {
				return fmt.Errorf("the development issuer is for the environment local without a key set of its own; this is %s, whose tokens come from its issuer", cfg.Environment)
			}
			if expires <= 0 {
				return &usageError{errors.New("--expires must be positive, such as 15m")}
			}
			issuer, err := openIssuer(cfg)
			if err != nil {
				return err
			}
			if subject == "" {
				subject = devissuer.SubjectFor(email)
			}
			if utf8.RuneCountInString(subject) > auth.MaxSubject {
				return &usageError{fmt.Errorf("--subject has more than the %d characters that are accepted", auth.MaxSubject)}
			}
			if !c.Flags().Changed("name") {
				name = nameOf(email)
			}
			now := time.Now()
			token, err := issuer.Sign(devissuer.Claims{Subject: subject, Email: email, Name: name, IssuedAt: now, ExpiresAt: now.Add(expires)})
			if err != nil {
				return fmt.Errorf("sign a token: %w", err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), token)
			return err
		},
	}
	c.Flags().StringVar(&email, "email", developmentEmail, "e-mail address")
	c.Flags().StringVar(&subject, "subject", "", "subject: who the token speaks for (default: one that stands for the e-mail address)")
	c.Flags().StringVar(&name, "name", "", "name (default: the e-mail address up to the @, with a capital)")
	c.Flags().DurationVar(&expires, "expires", developmentExpires, "how long the token is good for")
	return c
}

// nameOf makes a name of an e-mail address: Ada of ada@example.com.
func nameOf(email string) string {
	local, _, _ := strings.Cut(email, "@")
	first, size := utf8.DecodeRuneInString(local)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + local[size:]
}

// openIssuer opens the development issuer. Its key may be the first thing in the
// data folder, which the account of a private PostgreSQL must be able to pass.
func openIssuer(cfg config.Config) (*devissuer.Issuer, error) {
	if cfg.PrivateDatabase() {
		if err := localpg.Prepare(cfg.DataDir); err != nil {
			return nil, fmt.Errorf("prepare the data folder: %w", err)
		}
	}
	issuer, err := devissuer.Open(cfg.DataDir, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("open the development issuer: %w", err)
	}
	return issuer, nil
}
