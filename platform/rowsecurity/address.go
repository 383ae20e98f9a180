package rowsecurity

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

// As returns databaseURL with the role in place of the one it has. The rest, a
// password included, stays. It must be a URL, not a keyword string; the error
// does not repeat it.
func As(databaseURL, role string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New("the database's address is no URL such as postgres://user:password@host/database")
	}
	if password, ok := u.User.Password(); ok {
		u.User = url.UserPassword(role, password)
	} else {
		u.User = url.User(role)
	}
	return u.String(), nil
}

// SecureOwn is [Secure] for a server of one's own, where the service's role has
// the password that ownerURL has, if any. It returns the URL for that role.
func SecureOwn(ctx context.Context, ownerURL string) (string, error) {
	serviceURL, err := As(ownerURL, DefaultRole)
	if err != nil {
		return "", err
	}
	config, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	_, err = Secure(ctx, ownerURL, Options{Password: config.Password})
	return serviceURL, err
}
