package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"docket/platform/pgtest"
)

// typeScriptFolder holds the pinned packages, the journey, and what its types
// must refuse.
const typeScriptFolder = "testdata/typescript"

var typeScriptPackages = sync.OnceValues(func() (string, error) { return installPackages(typeScriptFolder, "typescript") })

// A frontend's way to a typed client: README.md's lines, against types that are
// made from the document as it is served, compiled strictly, and run against the
// live server by somebody who signed in with Better Auth.
func TestTypeScriptJourney(t *testing.T) {
	t.Parallel()
	packages, err := typeScriptPackages()
	if errors.Is(err, errNoNode) && os.Getenv("CI") != "true" {
		t.Skipf("needs TypeScript: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	site := startBetterAuth(t, snippet(t, "ts", "export const auth = betterAuth(")).sites[0]
	site.browse().signUp(t, adaAddress, "Ada")
	settings := append(site.settings("https://api.example.com"), "DATABASE_URL="+pgtest.URL(t), "DOCKET_DATA_DIR="+t.TempDir(),
		"DOCKET_RATE_LIMIT_REQUESTS=30", "DOCKET_RATE_LIMIT_WINDOW=3s")
	s := servingOn(t, settings...)

	folder, err := os.MkdirTemp(packages, "run-") // below node_modules' parent, where imports are found
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	writeTypeScript(t, folder, s.site())
	tool := func(path ...string) string {
		return filepath.Join(append([]string{packages, "node_modules"}, path...)...)
	}
	// Not docket.d.ts: declarations are not checked, so that those of packages
	// need not be, and ours are to be.
	runIn(t, folder, nil, tool("openapi-typescript", "bin", "cli.js"), s.site()+openAPIPath, "-o", filepath.Join("src", "docket.ts"))
	compiler := tool("typescript", "bin", "tsc")
	runIn(t, folder, nil, append([]string{compiler}, compilerDefaults(t)...)...)
	runIn(t, folder, nil, compiler)
	said := runIn(t, folder, []string{
		"DOCKET_API=" + s.site(), "AUTH_URL=" + site.direct, "AUTH_ORIGIN=" + site.origin,
		"AUTH_EMAIL=" + adaAddress, "AUTH_PASSWORD=" + passphrase,
	}, filepath.Join("dist", "drive.js"))
	var saw struct {
		Tasks   int
		Title   string
		Limited bool
		Token   string
	}
	if err := json.Unmarshal(said, &saw); err != nil {
		t.Fatalf("read what the journey says: %v\n%s", err, said)
	}
	if saw.Tasks != 101 || !strings.HasSuffix(saw.Title, ", high priority") || !saw.Limited {
		t.Errorf("the journey saw %+v", saw)
	}
	listed := string(runIn(t, folder, []string{"TOKEN=" + saw.Token}, filepath.Join("dist", "main.js")))
	if !strings.Contains(listed, "todo Paint the fence\n") || strings.Count(listed, "\n") != 102 {
		t.Errorf("main.js lists\n%s", listed)
	}
}

// compilerDefaults are the arguments README.md gives to the compiler for a
// tsconfig.json: what is compiled here is compiled as strictly as at a
// newcomer's.
func compilerDefaults(t *testing.T) []string {
	t.Helper()
	for line := range strings.Lines(snippet(t, "sh", "npx tsc --init")) {
		if args, ok := strings.CutPrefix(line, "npx tsc "); ok {
			return strings.Fields(args)
		}
	}
	t.Fatal("README.md makes no tsconfig.json")
	return nil
}

func writeTypeScript(t *testing.T, folder, site string) {
	t.Helper()
	const laptop = "http://127.0.0.1:8080"
	first := snippet(t, "ts", "process.env.TOKEN")
	if !strings.Contains(first, laptop) {
		t.Fatalf("main.ts does not call %s:\n%s", laptop, first)
	}
	files := map[string]string{
		"src/client.ts":  snippet(t, "ts", "export function docket(baseUrl") + "\n",
		"src/main.ts":    strings.ReplaceAll(first, laptop, site) + "\n",
		"src/journey.ts": snippet(t, "ts", "export async function journey(") + "\n",
	}
	for to, from := range map[string]string{"src/drive.ts": "drive.ts", "src/types.ts": "types.ts"} {
		text, err := os.ReadFile(filepath.Join(typeScriptFolder, from))
		if err != nil {
			t.Fatal(err)
		}
		files[to] = string(text)
	}
	if err := os.Mkdir(filepath.Join(folder, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// runIn runs a script with Node.js and returns what it prints.
func runIn(t *testing.T, folder string, environ []string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", args...)
	node.Dir = folder
	node.Env = append(os.Environ(), environ...)
	log := newOutput()
	node.Stderr = log
	began := time.Now()
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(args[0]), err, out, log)
	}
	t.Logf("%s took %s", filepath.Base(args[0]), time.Since(began).Round(time.Millisecond))
	return out
}
