package devissuer_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/platform/auth"
	"docket/platform/auth/devissuer"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var issuedAt = time.Date(2026, 11, 22, 19, 18, 34, 0, time.UTC)

func open(t *testing.T, dir string) *devissuer.Issuer {
	t.Helper()
	issuer, err := devissuer.Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

// verifier trusts issuer and reads its keys in process.
func verifier(t *testing.T, issuer *devissuer.Issuer, now time.Time) *auth.Verifier {
	t.Helper()
	keys := auth.NewKeySet(issuer.KeySet, auth.KeySetConfig{})
	v, err := auth.NewVerifier(keys, auth.Config{
		Issuers:   []auth.IssuerTrust{{Issuer: devissuer.IssuerURL, Trust: devissuer.Trust}},
		Audiences: []string{devissuer.Audience},
		Now:       func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	return v
}

func claims() devissuer.Claims {
	return devissuer.Claims{
		Subject: devissuer.SubjectFor("ada@example.com"), Email: "ada@example.com", Name: "Ada",
		IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(time.Hour),
	}
}

func TestTokensOfTheIssuerVerify(t *testing.T) {
	t.Parallel()
	issuer := open(t, t.TempDir())
	v := verifier(t, issuer, issuedAt.Add(time.Minute))
	c := claims()
	token, err := issuer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Authenticate(t.Context(), "Bearer "+token)
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Principal{
		Issuer: devissuer.Trust, Subject: c.Subject, Email: c.Email, Name: c.Name,
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.ExpiresAt = issuedAt.Add(-time.Hour)
	if token, err = issuer.Sign(c); err != nil {
		t.Fatal(err)
	}
	if _, err = v.Verify(t.Context(), token); auth.Reason(err) != auth.OutcomeExpired {
		t.Errorf("an expired one: %v", err)
	}
	if token, err = open(t, t.TempDir()).Sign(claims()); err != nil {
		t.Fatal(err)
	}
	if _, err = v.Verify(t.Context(), token); auth.Reason(err) != auth.OutcomeKeyUnknown {
		t.Errorf("one of another issuer: %v", err)
	}
}

func TestTokenHasTheShapeOfBetterAuth(t *testing.T) {
	t.Parallel()
	issuer := open(t, t.TempDir())
	c := claims()
	c.Name = ""
	token, err := issuer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	var header, payload map[string]any
	parts := strings.Split(token, ".")
	for i, into := range []*map[string]any{&header, &payload} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(issuer.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"alg": "EdDSA", "kid": set.Keys[0]["kid"]}, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"iat": float64(issuedAt.Unix()), "exp": float64(issuedAt.Unix() + 3600), "sub": c.Subject, "id": c.Subject,
		"email": "ada@example.com", "name": nil, "emailVerified": false, "image": nil,
		"createdAt": "2026-11-22T19:18:34.000Z", "updatedAt": "2026-11-22T19:18:34.000Z",
		"iss": devissuer.IssuerURL, "aud": devissuer.Audience,
	}
	if diff := cmp.Diff(want, payload); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if len(set.Keys) != 1 || set.Keys[0]["d"] != "" || set.Keys[0]["crv"] != "Ed25519" {
		t.Errorf("key set is %s", issuer.JWKS())
	}
}

func TestSignNeedsSubjectAndTimes(t *testing.T) {
	t.Parallel()
	issuer := open(t, t.TempDir())
	for name, change := range map[string]func(*devissuer.Claims){
		"no subject":  func(c *devissuer.Claims) { c.Subject = "" },
		"no issue":    func(c *devissuer.Claims) { c.IssuedAt = time.Time{} },
		"no expiry":   func(c *devissuer.Claims) { c.ExpiresAt = time.Time{} },
		"not UTF-8":   func(c *devissuer.Claims) { c.Name = "\xff" },
		"sub invalid": func(c *devissuer.Claims) { c.Subject = "\xff" },
	} {
		c := claims()
		change(&c)
		if token, err := issuer.Sign(c); err == nil {
			t.Errorf("%s: signed %s", name, token)
		}
	}
}

func TestSubjectFor(t *testing.T) {
	t.Parallel()
	ada := devissuer.SubjectFor("ada@example.com")
	if !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(ada) {
		t.Errorf("%q does not look like a Better Auth id", ada)
	}
	if devissuer.SubjectFor(" Ada@Example.com") != ada || devissuer.SubjectFor("bob@example.com") == ada {
		t.Error("an address and its subject do not go together")
	}
}

func TestKeyIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first := open(t, dir)
	if !bytes.Equal(first.JWKS(), open(t, dir).JWKS()) {
		t.Error("opening again made another key")
	}
	file := filepath.Join(dir, devissuer.KeyFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v (%v), want 0600", info.Mode(), err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a loose mode was left at %v (%v)", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files in the folder (%v), want the key alone", len(entries), err)
	}
}

func TestManyOpenersGetOneKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sets := make([]string, 16)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range sets {
		wg.Go(func() {
			<-start
			issuer, err := devissuer.Open(dir, rand.Reader)
			if err != nil {
				t.Error(err)
				return
			}
			sets[i] = string(issuer.JWKS())
		})
	}
	close(start)
	wg.Wait()
	for i := range sets {
		if sets[i] != sets[0] {
			t.Fatalf("opener %d got %s, the first %s", i, sets[i], sets[0])
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left (%v)", len(entries), err)
	}
}

func TestDamagedKeyFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	file := filepath.Join(dir, devissuer.KeyFile)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty":        "",
		"not PEM":      "hello",
		"cut off":      string(good[:len(good)/2]),
		"wrong type":   strings.ReplaceAll(string(good), "PRIVATE KEY", "PUBLIC KEY"),
		"not PKCS #8":  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"an X25519":    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIKCUexlyVkBJyPaNkmJyfWUXRTh0QGKfWRBMwM0vxMxI\n-----END PRIVATE KEY-----\n",
		"binary zeros": strings.Repeat("\x00", 200),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := devissuer.Open(dir, rand.Reader); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v does not name the file", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != content {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
	}
}

func TestOpenFailsByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, devissuer.KeyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := devissuer.Open(dir, rand.Reader); err == nil || !strings.Contains(err.Error(), devissuer.KeyFile) {
		t.Errorf("a folder in the file's place: %v", err)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := devissuer.Open(filepath.Join(blocked, "data"), rand.Reader); err == nil {
		t.Error("a data folder below a file was made")
	}
	empty := t.TempDir()
	if _, err := devissuer.Open(empty, failingReader{}); !errors.Is(err, errNoEntropy) {
		t.Errorf("without randomness: %v", err)
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("%d files are left (%v)", len(entries), err)
	}
}

var errNoEntropy = errors.New("no entropy")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errNoEntropy }
