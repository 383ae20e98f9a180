// Package config reads Docket's settings: defaults and environment files,
// environment variables, flags. It is the only package that imports viper.
//
// Everything wrong is reported at once, and nothing is guessed: an unknown key
// or a value that cannot be meant stops the start.
package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Environment names what a process runs for; it picks the second file of
// settings and what may be left out.
type Environment string

// The environments.
const (
	Local      Environment = "local"
	Test       Environment = "test"
	Staging    Environment = "staging"
	Production Environment = "production"
)

// Deployed reports whether e serves real users: then a database and a key set
// must be given, and nothing made for development is accepted.
func (e Environment) Deployed() bool { return e == Staging || e == Production }

// Config is every setting of a process, checked. Make one with [Load].
type Config struct {
	Environment Environment
	HTTP        HTTP
	Admin       Admin
	Database    Database
	// DataDir holds the private PostgreSQL and the development key.
	DataDir   string
	Log       Log
	Auth      Auth
	CORS      CORS
	RateLimit RateLimit
	Redis     Redis

	effective []Setting
}

// HTTP is the listener of the API.
type HTTP struct {
	// Address is host:port; port 0 asks for any free port.
	Address string
	// RequestTimeout is the deadline of one request, 1 ms to 5 min.
	RequestTimeout time.Duration
	// DrainTimeout is what a stop grants to requests in flight, 1 ms to 10 min.
	DrainTimeout time.Duration
	// MaxInFlight is how many requests are served at once, 1 to 100,000; one
	// more is refused.
	MaxInFlight int
	// TrustedProxies are those whose X-Forwarded-For and X-Forwarded-Proto
	// count.
	TrustedProxies []netip.Prefix
}

// Admin is the listener of metrics and profiles.
type Admin struct {
	// Address is host:port; port 0 asks for any free port.
	Address string
}

// Database says which PostgreSQL to use and how it is reached.
type Database struct {
	// URL is a connection string that pgx parses, or "" for a private server.
	URL string
	// URLDirect is the same database without a pooler; "" where only the
	// pooler's address is known.
	URLDirect string
	// Pooler says how [Database.Pooled] decides.
	Pooler PoolerMode
	// Prepared says whether statements stay prepared between transactions.
	Prepared PreparedMode
	// RowSecurity puts row-level security behind every statement.
	RowSecurity bool
	// Binaries is the folder of a private server's programs; "" searches.
	Binaries string
}

// PoolerMode says whether the database is reached through a pooler.
type PoolerMode string

// The pooler modes.
const (
	PoolerAuto PoolerMode = "auto"  // by the host's name
	PoolerYes  PoolerMode = "true"  // it is
	PoolerNo   PoolerMode = "false" // it is not
)

// PreparedMode says whether statements stay prepared from one transaction to
// the next.
type PreparedMode string

// The modes of prepared statements.
const (
	PreparedAuto PreparedMode = "auto"  // they do, except where a pooler is asked and says no
	PreparedYes  PreparedMode = "true"  // they do
	PreparedNo   PreparedMode = "false" // they do not
)

// Pooled reports whether URL leads through a transaction pooler. In auto mode
// that is told by Neon's convention, a first host label that ends in -pooler
// (https://neon.com/docs/connect/connection-pooling).
func (d Database) Pooled() bool {
	switch d.Pooler {
	case PoolerYes:
		return true
	case PoolerNo:
		return false
	default:
		return isPoolerURL(d.URL)
	}
}

func isPoolerURL(raw string) bool {
	if raw == "" {
		return false
	}
	parsed, err := pgconn.ParseConfig(raw)
	if err != nil {
		return false
	}
	label, _, _ := strings.Cut(parsed.Host, ".")
	return strings.HasSuffix(label, "-pooler")
}

// Log is what the program writes about itself.
type Log struct {
	Format LogFormat
	Level  slog.Level
}

// LogFormat is the shape of log lines.
type LogFormat string

// The log formats.
const (
	LogAuto LogFormat = "auto" // text on a terminal, else json
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Auth says whose tokens are accepted.
type Auth struct {
	// JWKSURL is the issuer's key set; "" where none is configured.
	JWKSURL string
	// JWKSRefresh is how long a key that the issuer withdrew can go on working,
	// 1 s to 24 h.
	JWKSRefresh time.Duration
	// Issuers are the accepted iss values; empty exactly when JWKSURL is.
	Issuers []Issuer
	// Audience are the accepted aud values; empty exactly when JWKSURL is.
	Audience []string
}

// Issuer maps an accepted iss value to the name under which its users are
// stored. Several may share a name: a domain that moved, previews.
type Issuer struct {
	// Issuer is compared byte for byte with a token's iss.
	Issuer string
	// Trust is stored with each user; changing it makes strangers of them.
	Trust string
}

// CORS says which frontends a browser may call from.
type CORS struct {
	// AllowOrigins are exact: scheme://host[:port].
	AllowOrigins []string
}

// RateLimit bounds the requests of one user, or of one client address where
// there is no valid token.
type RateLimit struct {
	// Requests is how many per Window, 1 to 1,000,000.
	Requests int
	// AuthFailures is how many per Window for one client address whose tokens
	// prove nothing, 1 to 1,000,000.
	AuthFailures int
	// Window is 1 s to 24 h.
	Window time.Duration
	Store  RateLimitStore
	// OnFailure says what becomes of requests while Redis does not answer.
	OnFailure FailureMode
	// RedisTimeout is how long a request waits for Redis, 1 ms to 10 s.
	RedisTimeout time.Duration
}

// FailureMode says what becomes of what cannot be checked.
type FailureMode string

// The failure modes.
const (
	FailOpen   FailureMode = "open"   // it passes
	FailClosed FailureMode = "closed" // it is refused
)

// RateLimitStore says where requests are counted.
type RateLimitStore string

// The rate limit stores.
const (
	StoreMemory RateLimitStore = "memory" // in this process
	StoreRedis  RateLimitStore = "redis"  // over all replicas
)

// Redis is where replicas share what they count.
type Redis struct {
	// URL is redis:// or rediss://, or "" for none.
	URL string
}

// PrivateDatabase reports whether the process is to start its own PostgreSQL:
// none was given, and the environment may do without.
func (c Config) PrivateDatabase() bool {
	return c.Database.URL == "" && !c.Environment.Deployed()
}

// DevelopmentIssuer reports whether tokens of the development issuer are to be
// accepted: in local only, and only while no key set is given.
func (c Config) DevelopmentIssuer() bool {
	return c.Environment == Local && c.Auth.JWKSURL == ""
}

// LogValue is every setting with its secrets masked, so that a Config in a log
// line gives nothing away.
func (c Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, len(c.effective))
	for _, s := range c.effective {
		attrs = append(attrs, slog.String(s.Key, s.Value))
	}
	return slog.GroupValue(attrs...)
}

// Setting is one effective setting, for people to read.
type Setting struct {
	// Key is its name in the files, such as "http.address".
	Key string
	// Env are the environment variables that set it.
	Env []string
	// Value is what counts, secrets masked; "" where there is none.
	Value string
	// Origin is where the value came from: "configs/default.yaml",
	// "environment DOCKET_HTTP_ADDRESS", "flag --data-dir", or "built in" for
	// one worked out from the others.
	Origin string
	// Doc says in one line what it is for.
	Doc string
}

// Effective lists every setting, in the order of the contract.
func (c Config) Effective() []Setting {
	return append([]Setting(nil), c.effective...)
}
