package config

import (
	"net"
	"net/netip"
	"net/url"
)

// check applies the rules that tie settings to each other. A setting that is
// wrong by itself is left out of them.
func (l *loader) check() {
	l.checkListeners()
	l.checkDatabase()
	l.checkDataDir()
	l.checkAuth()
	if l.cfg.RateLimit.Store == StoreRedis && l.cfg.Redis.URL == "" && !l.faulty("redis.url") {
		l.reject("rate_limit.store", "needs redis.url; set "+variables("redis.url"))
	}
}

// checkListeners refuses two listeners that cannot be bound together.
func (l *loader) checkListeners() {
	if l.faulty("http.address") || l.faulty("admin.address") {
		return
	}
	host, port, err := net.SplitHostPort(l.cfg.HTTP.Address)
	adminHost, adminPort, adminErr := net.SplitHostPort(l.cfg.Admin.Address)
	if err != nil || adminErr != nil || port != adminPort || port == "0" {
		return
	}
	if host == adminHost || isWildcard(host) || isWildcard(adminHost) {
		l.reject("admin.address", "is the address of the API, http.address = "+l.cfg.HTTP.Address)
	}
}

func isWildcard(host string) bool {
	if host == "" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsUnspecified()
}

func (l *loader) checkDatabase() {
	db := l.cfg.Database
	if l.faulty("environment") || l.faulty("database.url") {
		return
	}
	switch {
	case db.URL == "" && l.cfg.Environment.Deployed():
		l.reject("database.url", "is required in "+string(l.cfg.Environment)+"; set "+variables("database.url"))
	case db.URL == "" && db.URLDirect != "":
		l.reject("database.url_direct", "is of no use without database.url; set "+variables("database.url"))
	case db.URLDirect != "" && db.URLDirect != db.URL && isPoolerURL(db.URLDirect):
		l.reject("database.url_direct", "is a pooler's address: the first label of its host ends in -pooler")
	case db.URLDirect != "" && db.URLDirect == db.URL && db.Pooled():
		l.reject("database.url_direct", "is the same as database.url, which leads through a pooler")
	}
}

// checkDataDir asks for a data folder where something will be kept in it.
func (l *loader) checkDataDir() {
	if l.cfg.DataDir != "" || l.faulty("data_dir") || l.faulty("environment") {
		return
	}
	if l.cfg.PrivateDatabase() || l.cfg.DevelopmentIssuer() {
		l.reject("data_dir", "the user's data folder is not known, since the environment names no home; set "+variables("data_dir"))
	}
}

func (l *loader) checkAuth() {
	if l.faulty("environment") || l.faulty("auth.jwks_url") {
		return
	}
	auth := l.cfg.Auth
	if auth.JWKSURL == "" {
		if !l.cfg.DevelopmentIssuer() {
			l.reject("auth.jwks_url", "is required in "+string(l.cfg.Environment)+", which refuses the development issuer; set "+variables("auth.jwks_url"))
		}
		l.checkUseless("auth.issuers", len(auth.Issuers))
		l.checkUseless("auth.audience", len(auth.Audience))
		return
	}
	if u, err := url.Parse(auth.JWKSURL); l.cfg.Environment.Deployed() && err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.reject("auth.jwks_url", "is http: whoever sits on the way could hand out keys of their own")
	}
	l.checkRequired("auth.issuers", len(auth.Issuers))
	l.checkRequired("auth.audience", len(auth.Audience))
}

func (l *loader) checkRequired(key string, n int) {
	if n == 0 && !l.faulty(key) {
		l.reject(key, "is required where auth.jwks_url is given; set "+variables(key))
	}
}

func (l *loader) checkUseless(key string, n int) {
	// Where a key set is required, its absence is the fault to mend.
	if n > 0 && !l.faulty("auth.jwks_url") {
		l.reject(key, "is of no use without auth.jwks_url; set "+variables("auth.jwks_url"))
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
