package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"docket/platform/openapi"
	"docket/platform/ratelimit"
	"docket/platform/telemetry/redact"
)

// setting is one row of the one table of settings: it drives the environment
// variables, what counts as unknown, the messages and `docket config`.
type setting struct {
	key     string
	env     []string
	secret  bool // its value never reaches a message, and is masked elsewhere
	doc     string
	allowed string
	decode  decoder
	// show renders what was worked out, where that differs from what was
	// written.
	show func(Config) string
}

// decoder parses a merged value, a string or []any, into its place.
type decoder struct {
	read   func(c *Config, value any) error
	schema *openapi.Schema
}

const (
	maxRequestTimeout = 5 * time.Minute
	maxDrainTimeout   = 10 * time.Minute
	maxJWKSRefresh    = 24 * time.Hour
	maxRedisTimeout   = 10 * time.Second
	maxMaxInFlight    = 100_000
)

const allowedAddress = "host:port with a port from 0 to 65535, such as 127.0.0.1:8080 or :8080"

// settings is in the order of the contract.
var settings = []setting{
	{
		key: "environment", env: []string{"DOCKET_ENVIRONMENT"},
		doc:     "what this process runs for",
		allowed: "local, test, staging or production",
		decode:  one(func(c *Config) *Environment { return &c.Environment }, environments()),
	},
	{
		key: "http.address", env: []string{"DOCKET_HTTP_ADDRESS"},
		doc:     "where the API listens",
		allowed: allowedAddress,
		decode:  one(func(c *Config) *string { return &c.HTTP.Address }, formed(addressPattern, parseAddress)),
	},
	{
		key: "admin.address", env: []string{"DOCKET_ADMIN_ADDRESS"},
		doc:     "where metrics and profiles are served",
		allowed: allowedAddress,
		decode:  one(func(c *Config) *string { return &c.Admin.Address }, formed(addressPattern, parseAddress)),
	},
	{
		key: "database.url", env: []string{"DATABASE_URL", "DOCKET_DATABASE_URL"}, secret: true,
		doc:     "PostgreSQL; empty starts a private one in local and test",
		allowed: "postgres://user:password@host:5432/database, or the keyword=value form",
		decode:  one(func(c *Config) *string { return &c.Database.URL }, formed(databasePattern, parseDatabaseURL)),
	},
	{
		key: "database.url_direct", env: []string{"DATABASE_URL_DIRECT"}, secret: true,
		doc:     "the same database without the pooler, for schema and administration",
		allowed: "the same forms as database.url",
		decode:  one(func(c *Config) *string { return &c.Database.URLDirect }, formed(databasePattern, parseDatabaseURL)),
		show:    func(c Config) string { return c.Database.URLDirect },
	},
	{
		key: "database.pooler", env: []string{"DOCKET_DATABASE_POOLER"},
		doc:     "whether database.url leads through a transaction pooler",
		allowed: "auto, true or false",
		decode:  one(func(c *Config) *PoolerMode { return &c.Database.Pooler }, oneOf(PoolerAuto, PoolerYes, PoolerNo)),
	},
	{
		key: "database.prepared", env: []string{"DOCKET_DATABASE_PREPARED"},
		doc:     "whether statements stay prepared from one transaction to the next",
		allowed: "auto, true or false",
		decode:  one(func(c *Config) *PreparedMode { return &c.Database.Prepared }, oneOf(PreparedAuto, PreparedYes, PreparedNo)),
	},
	{
		key: "database.row_security", env: []string{"DOCKET_DATABASE_ROW_SECURITY"},
		doc:     "PostgreSQL's row-level security behind every statement",
		allowed: "on or off",
		decode:  one(func(c *Config) *bool { return &c.Database.RowSecurity }, onOff()),
	},
	{
		key: "database.binaries", env: []string{"DOCKET_DATABASE_BINARIES"},
		doc:     "folder with initdb and postgres for the private PostgreSQL; empty searches for one",
		allowed: "a folder, or empty",
		decode:  one(func(c *Config) *string { return &c.Database.Binaries }, text(parseDataDir)),
	},
	{
		key: "data_dir", env: []string{"DOCKET_DATA_DIR"},
		doc:     "where the private PostgreSQL and the development key live",
		allowed: "a folder, or empty for the user's data folder",
		decode:  one(func(c *Config) *string { return &c.DataDir }, text(parseDataDir)),
		show:    func(c Config) string { return c.DataDir },
	},
	{
		key: "log.format", env: []string{"DOCKET_LOG_FORMAT"},
		doc:     "text for people, json for machines, auto by whether the output is a terminal",
		allowed: "auto, text or json",
		decode:  one(func(c *Config) *LogFormat { return &c.Log.Format }, oneOf(LogAuto, LogText, LogJSON)),
	},
	{
		key: "log.level", env: []string{"DOCKET_LOG_LEVEL"},
		doc:     "the least level that is logged",
		allowed: "debug, info, warn or error",
		decode:  one(func(c *Config) *slog.Level { return &c.Log.Level }, levels()),
	},
	{
		key: "http.request_timeout", env: []string{"DOCKET_HTTP_REQUEST_TIMEOUT"},
		doc:     "deadline of one request: what is under way is cancelled a fifth of it earlier, 1 to 2 s",
		allowed: "a duration from 1ms to 5m, such as 10s",
		decode:  one(func(c *Config) *time.Duration { return &c.HTTP.RequestTimeout }, duration(time.Millisecond, maxRequestTimeout)),
	},
	{
		key: "http.drain_timeout", env: []string{"DOCKET_HTTP_DRAIN_TIMEOUT"},
		doc:     "time given to requests in flight by a stop",
		allowed: "a duration from 1ms to 10m, such as 15s",
		decode:  one(func(c *Config) *time.Duration { return &c.HTTP.DrainTimeout }, duration(time.Millisecond, maxDrainTimeout)),
	},
	{
		key: "http.max_in_flight", env: []string{"DOCKET_HTTP_MAX_IN_FLIGHT"},
		doc:     "requests served at once; one more is answered 503",
		allowed: "a whole number from 1 to 100000",
		decode:  one(func(c *Config) *int { return &c.HTTP.MaxInFlight }, integer(1, maxMaxInFlight)),
	},
	{
		key: "http.trusted_proxies", env: []string{"DOCKET_HTTP_TRUSTED_PROXIES"},
		doc:     "proxies whose X-Forwarded-For and X-Forwarded-Proto count",
		allowed: "a list of addresses or CIDRs, such as 10.0.0.0/8, 192.0.2.7",
		decode:  many(func(c *Config) *[]netip.Prefix { return &c.HTTP.TrustedProxies }, formed(proxyPattern, parseProxy)),
	},
	{
		key: "auth.jwks_url", env: []string{"DOCKET_AUTH_JWKS_URL"},
		doc:     "the issuer's key set; empty is the development issuer, in local only",
		allowed: "an https URL, such as https://app.example.com/api/auth/jwks; http for a loopback host, or in local and test",
		decode:  one(func(c *Config) *string { return &c.Auth.JWKSURL }, formed(jwksPattern, parseJWKSURL)),
	},
	{
		key: "auth.jwks_refresh", env: []string{"DOCKET_AUTH_JWKS_REFRESH"},
		doc:     "how long a key that the issuer withdrew can go on working",
		allowed: "a duration from 1s to 24h, such as 5m",
		decode:  one(func(c *Config) *time.Duration { return &c.Auth.JWKSRefresh }, duration(time.Second, maxJWKSRefresh)),
	},
	{
		key: "auth.issuers", env: []string{"DOCKET_AUTH_ISSUER"},
		doc:     "accepted iss values, and the trust name that users are stored under",
		allowed: "a list of iss values such as https://app.example.com, or in a file of {issuer, trust}",
		decode:  decoder{read: decodeIssuers, schema: issuersSchema()},
		show:    showIssuers,
	},
	{
		key: "auth.audience", env: []string{"DOCKET_AUTH_AUDIENCE"},
		doc:     "accepted aud values",
		allowed: "a list of aud values, such as https://api.example.com",
		decode:  many(func(c *Config) *[]string { return &c.Auth.Audience }, formed(claimPattern, parseClaim)),
	},
	{
		key: "cors.allow_origins", env: []string{"DOCKET_CORS_ALLOW_ORIGINS"},
		doc:     "frontends that a browser may call from",
		allowed: "a list of exact origins scheme://host[:port], as browsers write them",
		decode:  many(func(c *Config) *[]string { return &c.CORS.AllowOrigins }, formed(originPattern, parseOrigin)),
	},
	{
		key: "rate_limit.requests", env: []string{"DOCKET_RATE_LIMIT_REQUESTS"},
		doc:     "requests per window, for one user or one client address without a valid token",
		allowed: "a whole number from 1 to 1000000",
		decode:  one(func(c *Config) *int { return &c.RateLimit.Requests }, integer(1, ratelimit.MaxRequests)),
	},
	{
		key: "rate_limit.auth_failures", env: []string{"DOCKET_RATE_LIMIT_AUTH_FAILURES"},
		doc:     "failed authentications per window, for one client address",
		allowed: "a whole number from 1 to 1000000",
		decode:  one(func(c *Config) *int { return &c.RateLimit.AuthFailures }, integer(1, ratelimit.MaxRequests)),
	},
	{
		key: "rate_limit.window", env: []string{"DOCKET_RATE_LIMIT_WINDOW"},
		doc:     "length of the window",
		allowed: "a duration from 1s to 24h, such as 1m",
		decode:  one(func(c *Config) *time.Duration { return &c.RateLimit.Window }, duration(time.Second, ratelimit.MaxWindow)),
	},
	{
		key: "rate_limit.store", env: []string{"DOCKET_RATE_LIMIT_STORE"},
		doc:     "where requests are counted: in this process, or over all replicas",
		allowed: "memory or redis",
		decode:  one(func(c *Config) *RateLimitStore { return &c.RateLimit.Store }, oneOf(StoreMemory, StoreRedis)),
	},
	{
		key: "rate_limit.on_failure", env: []string{"DOCKET_RATE_LIMIT_ON_FAILURE"},
		doc:     "while Redis does not answer, requests pass uncounted, or are answered 503",
		allowed: "open or closed",
		decode:  one(func(c *Config) *FailureMode { return &c.RateLimit.OnFailure }, oneOf(FailOpen, FailClosed)),
	},
	{
		key: "rate_limit.redis_timeout", env: []string{"DOCKET_RATE_LIMIT_REDIS_TIMEOUT"},
		doc:     "how long a request waits for Redis",
		allowed: "a duration from 1ms to 10s, such as 50ms",
		decode:  one(func(c *Config) *time.Duration { return &c.RateLimit.RedisTimeout }, duration(time.Millisecond, maxRedisTimeout)),
	},
	{
		key: "redis.url", env: []string{"DOCKET_REDIS_URL"}, secret: true,
		doc:     "Redis, for the redis store",
		allowed: "redis://[user:password@]host[:port][/database], or rediss:// for TLS",
		decode:  one(func(c *Config) *string { return &c.Redis.URL }, formed(redisPattern, parseRedisURL)),
	},
}

func lookup(key string) (setting, bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

// variables names the environment variables of key, for messages.
func variables(key string) string {
	s, _ := lookup(key)
	return strings.Join(s.env, " or ")
}

func masked(s setting, value string) string {
	if s.secret {
		return redact.Text(value)
	}
	return shown(value)
}
