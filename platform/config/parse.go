package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"docket/platform/auth"
	"docket/platform/openapi"
)

// Parsers say only what is wrong with a value; what is allowed stands in the
// table of settings.

// reader is a way to write a value: how it is read, and what the schema of the
// files says of it.
type reader[T any] struct {
	parse   func(string) (T, error)
	schema  *openapi.Schema
	pattern string // of one entry of a list, without ^ and $; only many needs it
}

// text is written as a string, of which the schema says nothing more.
func text[T any](parse func(string) (T, error)) reader[T] {
	return reader[T]{parse: parse, schema: openapi.String(0, 0)}
}

// formed is written as a string that pattern matches from end to end.
func formed[T any](pattern string, parse func(string) (T, error)) reader[T] {
	return reader[T]{parse: parse, pattern: pattern, schema: openapi.Pattern("^" + pattern + "$")}
}

func environments() reader[Environment] { return oneOf(Local, Test, Staging, Production) }

func oneOf[T ~string](allowed ...T) reader[T] {
	return reader[T]{schema: words(allowed...), parse: func(text string) (T, error) {
		for _, a := range allowed {
			if text == string(a) {
				return a, nil
			}
		}
		if text == "" {
			return "", errors.New("is empty")
		}
		return "", errors.New("is not one of the known values")
	}}
}

// words are written as they are; true and false may also go without quotes.
func words[T ~string](allowed ...T) *openapi.Schema {
	s := openapi.OneOf(allowed...)
	for _, a := range allowed {
		if b, err := strconv.ParseBool(string(a)); err == nil {
			s.Type = ""
			s.Enum = append(s.Enum, b)
		}
	}
	return s
}

func onOff() reader[bool] {
	return reader[bool]{schema: words("on", "off"), parse: func(text string) (bool, error) {
		switch text {
		case "on":
			return true, nil
		case "off":
			return false, nil
		default:
			return false, errors.New("is neither on nor off")
		}
	}}
}

func levels() reader[slog.Level] {
	return reader[slog.Level]{schema: words("debug", "info", "warn", "error"), parse: func(text string) (slog.Level, error) {
		switch text {
		case "debug":
			return slog.LevelDebug, nil
		case "info":
			return slog.LevelInfo, nil
		case "warn":
			return slog.LevelWarn, nil
		case "error":
			return slog.LevelError, nil
		default:
			return 0, errors.New("is not a level")
		}
	}}
}

// integer is a number of at least 1, which may also stand in quotes.
func integer(least, most int) reader[int] {
	number := &openapi.Schema{AnyOf: []*openapi.Schema{openapi.Integer(least, most), openapi.Pattern("^" + wholePattern + "$")}}
	return reader[int]{schema: number, parse: func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, errors.New("is not a whole number")
		}
		if n < least || n > most {
			return 0, fmt.Errorf("is not between %d and %d", least, most)
		}
		return n, nil
	}}
}

// durationPattern is what time.ParseDuration takes, without a sign.
const durationPattern = `^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$`

func duration(least, most time.Duration) reader[time.Duration] {
	return reader[time.Duration]{schema: openapi.Pattern(durationPattern), parse: func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil {
			if _, isNumber := strconv.ParseFloat(text, 64); isNumber == nil {
				return 0, errors.New("has no unit (ms, s, m, h)")
			}
			return 0, errors.New("is not a duration")
		}
		if d <= 0 {
			return 0, errors.New("must be longer than zero")
		}
		if d < least || d > most {
			return 0, errors.New("is out of range")
		}
		return d, nil
	}}
}

func parseAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errors.New("is not host:port (an IPv6 host stands in brackets)")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", errors.New("has a port that is not a number from 0 to 65535")
	}
	if host == "" {
		return text, nil
	}
	if _, err := netip.ParseAddr(host); err != nil && !isHostName(host) {
		return "", errors.New("has a host that is neither an address nor a host name")
	}
	return text, nil
}

const hostNameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// isHostName follows RFC 1123 section 2.1, and lets an underscore pass, which
// container networks use. An all-digit last label is a mistyped address.
func isHostName(host string) bool {
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !strings.ContainsRune(hostNameRunes, r) }) {
			return false
		}
	}
	_, err := strconv.Atoi(labels[len(labels)-1])
	return err != nil
}

// otherSchemes are what a database URL begins with when it was meant for
// another program. Any other beginning is not repeated: it may be a secret.
var otherSchemes = []string{"http", "https", "jdbc", "mysql", "mariadb", "mongodb", "sqlite", "file", "redis"}

// parseDatabaseURL takes what pgx takes. Whatever pgx says of a string that it
// refuses may quote the password, so none of that is repeated.
func parseDatabaseURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	for _, scheme := range otherSchemes {
		if strings.HasPrefix(text, scheme+":") {
			return "", fmt.Errorf("has the scheme %s", scheme)
		}
	}
	_, err := pgxpool.ParseConfig(text)
	var missing *fs.PathError
	switch {
	case err == nil:
		return text, nil
	case errors.As(err, &missing):
		return "", fmt.Errorf("names a file that cannot be read: %w", missing)
	default:
		return "", errors.New("is no connection string that pgx can read; in a URL, characters such as @ : / ? # % in the password must be percent-encoded")
	}
}

func parseRedisURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("is not a URL; characters such as @ : / ? # % in the password must be percent-encoded")
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return "", errors.New("has neither the scheme redis nor rediss")
	}
	if u.Hostname() == "" {
		return "", errors.New("names no host")
	}
	if database := strings.Trim(u.Path, "/"); database != "" {
		if _, err := strconv.ParseUint(database, 10, 16); err != nil {
			return "", errors.New("has a database that is not a number")
		}
	}
	return text, nil
}

func parseDataDir(text string) (string, error) {
	switch {
	case text == "":
		return "", nil
	case strings.ContainsRune(text, 0):
		return "", errors.New("holds a NUL")
	case text == "~" || strings.HasPrefix(text, "~/"):
		return "", errors.New("begins with ~, which only a shell expands; write the whole path")
	}
	return filepath.Clean(text), nil
}

// parseProxy reads an address, or a network in CIDR notation (RFC 4632).
func parseProxy(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, errors.New("has a zone, which X-Forwarded-For cannot be checked against")
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New("is neither an address nor a CIDR")
	case prefix.Bits() == 0:
		return netip.Prefix{}, errors.New("trusts everybody, so that any client could claim any address")
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("has bits set outside its mask; %s is the network", prefix.Masked())
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, errors.New("is an IPv4 network in IPv6 notation; write it as IPv4")
	}
	return prefix, nil
}

func parseJWKSURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return "", errors.New("is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("is not an https URL")
	case u.Hostname() == "":
		return "", errors.New("names no host")
	case u.User != nil:
		return "", errors.New("holds a user name or password; a key set is public")
	case u.Fragment != "":
		return "", errors.New("has a fragment")
	}
	return text, nil
}

// checkClaim refuses what no iss, aud or trust name can be meant to be. They
// are StringOrURI (RFC 7519, section 2), compared byte for byte.
func checkClaim(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case text == "*" || strings.Contains(text, "://*"):
		return errors.New("holds a wildcard; these are compared byte for byte")
	case len(text) > auth.MaxIssuer:
		return fmt.Errorf("is longer than %d bytes", auth.MaxIssuer)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return errors.New("holds white space or unprintable characters")
	}
	return nil
}

func parseClaim(text string) (string, error) { return text, checkClaim(text) }

// parseOrigin takes an origin exactly as browsers serialise it (RFC 6454,
// section 6.2): any other spelling would never match.
func parseOrigin(text string) (string, error) {
	if strings.Contains(text, "*") {
		return "", errors.New("holds a wildcard, which is refused since credentials are on")
	}
	if text == "" || text == "null" {
		return "", errors.New("is not an origin")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return "", errors.New("is not scheme://host[:port]")
	case u.User != nil:
		return "", errors.New("holds a user name or password")
	case u.Path != "" || u.ForceQuery || u.RawQuery != "" || strings.Contains(text, "#"):
		return "", errors.New("has something after the host (a final slash counts)")
	}
	return text, checkOriginSpelling(text, u)
}

// checkOriginSpelling refuses origins that browsers spell in another way.
func checkOriginSpelling(text string, u *url.URL) error {
	switch {
	case strings.ToLower(text) != text:
		return errors.New("has capital letters, which browsers never send; write " + strings.ToLower(text))
	case strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }):
		return errors.New("has letters outside ASCII; browsers send the xn-- form")
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return errors.New("names its scheme's own port, which browsers leave out")
	case u.Port() == "":
		return nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != u.Port() {
		return errors.New("has a port that is not a number from 1 to 65535")
	}
	return nil
}
