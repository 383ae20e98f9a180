package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"docket/platform/config"
	"docket/platform/rowsecurity"
)

func newSecureCommand(o *options) *cobra.Command {
	var role, passwordEnv string
	c := &cobra.Command{
		Use:   "secure",
		Short: "Keep users apart in the database itself",
		Long: `Keep users apart in the database itself: make the role that the service logs in
as, grant it what it needs, give it time limits, and put row-level security in front of every table
of users. It can be run again at any time, and then mends what has changed; run
it after each change of the schema.

It logs in by DATABASE_URL_DIRECT, which must name the role that owns the tables,
and prints the DATABASE_URL that the service is to have from then on. The role's
password comes from the environment variable that --password-env names, and is
printed nowhere; without the flag it stays what it is. At Neon the role must be
made this way: one made in their console bypasses row-level security.

The private PostgreSQL needs none of this: "docket serve" sees to it.`,
		Example: `  docket db secure
  export APP_PASSWORD=$(openssl rand -hex 24)
  docket db secure --password-env APP_PASSWORD`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			password, err := passwordFrom(passwordEnv)
			if err != nil {
				return err
			}
			return secureDatabase(c.Context(), cfg, c.OutOrStdout(), rowsecurity.Options{Role: role, Password: password}, passwordEnv)
		},
	}
	c.Flags().StringVar(&role, "role", rowsecurity.DefaultRole, "the login role of the service")
	c.Flags().StringVar(&passwordEnv, "password-env", "", "environment variable with the role's password, at least 16 letters, digits, and -._~")
	return c
}

// plainPassword is one that needs no escape in a URL.
var plainPassword = regexp.MustCompile(`^[A-Za-z0-9._~-]{16,}$`)

func passwordFrom(variable string) (string, error) {
	if variable == "" {
		return "", nil
	}
	password := os.Getenv(variable)
	switch {
	case password == "":
		return "", &usageError{fmt.Errorf("--password-env: the environment variable %s is not set", variable)}
	case !plainPassword.MatchString(password):
		return "", &usageError{fmt.Errorf("--password-env: what is in %s must be at least 16 letters, digits, and -._~; make one with: openssl rand -hex 24", variable)}
	default:
		return password, nil
	}
}

func secureDatabase(ctx context.Context, cfg config.Config, w io.Writer, o rowsecurity.Options, passwordEnv string) error {
	direct, err := databaseURL(cfg, true)
	if err != nil {
		return err
	}
	if !cfg.Database.RowSecurity {
		return errors.New("database.row_security (DOCKET_DATABASE_ROW_SECURITY) is off, so that nothing would come of it")
	}
	if cfg.PrivateDatabase() && o.Role != rowsecurity.DefaultRole {
		return &usageError{fmt.Errorf("--role: the private PostgreSQL has the role %s and no other", rowsecurity.DefaultRole)}
	}
	mended, err := rowsecurity.Secure(ctx, direct, o)
	if err != nil {
		return err
	}
	if cfg.PrivateDatabase() {
		return reportMended(w, cfg, o.Role, mended, "")
	}
	address, err := serviceAddress(cmp.Or(cfg.Database.URL, direct), o.Role, passwordEnv)
	if err != nil {
		return err
	}
	return reportMended(w, cfg, o.Role, mended, address)
}

// reportMended says what was done, and the address for the service, if it is
// to be told.
func reportMended(w io.Writer, cfg config.Config, role string, mended []rowsecurity.Problem, address string) error {
	if !forPeople(w, cfg.Log.Format) {
		lines := []string{}
		for _, p := range mended {
			lines = append(lines, p.String())
		}
		return json.NewEncoder(w).Encode(map[string]any{"role": role, "mended": lines, "database_url": address})
	}
	for _, p := range mended {
		fmt.Fprintf(w, "mended: %s\n", p)
	}
	if len(mended) == 0 {
		fmt.Fprintln(w, "nothing to mend")
	}
	if address != "" {
		fmt.Fprintf(w, "the service logs in as %s:\n\n  export DATABASE_URL=\"%s\"\n\n", role, address)
	}
	return nil
}

// serviceAddress is the address with another role, and with what a shell puts
// the password in the place of.
func serviceAddress(address, role, passwordEnv string) (string, error) {
	address, err := rowsecurity.As(address, role)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if _, has := u.User.Password(); !has && passwordEnv == "" {
		return address, nil
	}
	u.User = url.User(role)
	user := "//" + u.User.String()
	return strings.Replace(u.String(), user, user+":$"+cmp.Or(passwordEnv, "PASSWORD"), 1), nil
}
