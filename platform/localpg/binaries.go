package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// binaries are a server's programs, all of one version.
type binaries struct {
	folder           string
	initdb, postgres string
	version          string // as the server names it, such as "15.18"
	major            int
}

func (b binaries) supported() bool { return b.major >= MinMajor && b.major <= MaxMajor }

// fits reports whether the server can serve a folder that the major version
// made, or any when that is "".
func (b binaries) fits(made string) bool { return made == "" || made == strconv.Itoa(b.major) }

func (b binaries) String() string { return b.version + " in " + b.folder }

// search is where installed servers may be.
type search struct {
	path  []string // folders, the first one preferred
	globs []string // patterns of folders, the newest version preferred
}

func systemSearch() search {
	s := search{path: filepath.SplitList(os.Getenv("PATH"))}
	switch runtime.GOOS {
	case "darwin":
		s.globs = []string{
			"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
			"/Library/PostgreSQL/*/bin", "/opt/local/lib/postgresql*/bin",
		}
	case "windows":
		s.globs = []string{filepath.Join(os.Getenv("ProgramFiles"), "PostgreSQL", "*", "bin")}
	default:
		s.globs = []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // PostgreSQL's own packages for Fedora and its kin
			"/usr/lib/postgresql*/bin",  // openSUSE
			"/usr/libexec/postgresql*",  // Alpine
			"/usr/local/pgsql/bin",      // built from source
			"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
		}
	}
	return s
}

// folders lists every folder that has the two programs, in order of preference.
func (s search) folders() []string {
	candidates := slices.Clone(s.path)
	for _, pattern := range s.globs {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // a malformed pattern, which a test excludes
		}
		slices.SortFunc(found, func(a, b string) int { return pathVersion(b) - pathVersion(a) })
		candidates = append(candidates, found...)
	}
	var folders []string
	seen := map[string]bool{}
	for _, dir := range candidates {
		if !filepath.IsAbs(dir) || !hasPrograms(dir) {
			continue
		}
		resolved, err := filepath.EvalSymlinks(filepath.Join(dir, program("postgres")))
		if err != nil || seen[resolved] {
			continue
		}
		seen[resolved] = true
		folders = append(folders, dir)
	}
	return folders
}

var digits = regexp.MustCompile(`\d+`)

// pathVersion is the last number in a path, 0 when there is none.
func pathVersion(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, err := strconv.Atoi(all[len(all)-1])
	if err != nil {
		return 0
	}
	return n
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, program(name)))
		if err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// versionLine is what `postgres --version` prints.
var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) ((\d+)\S*)`)

// probe asks the server in a folder for its version, as the account that would
// run it.
func probe(ctx context.Context, who account, dir string) (binaries, error) {
	if !hasPrograms(dir) {
		return binaries{}, fmt.Errorf("%s has no %s and %s", dir, program("initdb"), program("postgres"))
	}
	b := binaries{
		folder:   dir,
		initdb:   filepath.Join(dir, program("initdb")),
		postgres: filepath.Join(dir, program("postgres")),
	}
	cmd := who.command(ctx, b.postgres, "--version")
	cmd.Dir = filepath.VolumeName(dir) + string(filepath.Separator)
	out, err := runTool(ctx, cmd)
	if errors.Is(err, fs.ErrPermission) && who.drop {
		return binaries{}, fmt.Errorf("the account %s, which PostgreSQL runs as, may not run %s", who.name, b.postgres)
	}
	if err != nil {
		return binaries{}, err
	}
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s does not tell its version: %q", b.postgres, out)
	}
	b.version = m[1]
	b.major, err = strconv.Atoi(m[2])
	return b, err
}

// finder finds the server for a data folder.
type finder struct {
	Options
	env  environment
	home layout
	who  account
	say  *teller
}

// provide finds or fetches a server that can serve the folder: of the version
// that made it, or of any supported one when it is new.
func (f finder) provide(ctx context.Context) (binaries, error) {
	made, err := f.home.madeBy()
	if err != nil {
		return binaries{}, err
	}
	if f.Binaries != "" {
		return f.chosen(ctx, made)
	}
	var found, rejected []string
	for _, dir := range f.env.search.folders() {
		b, err := probe(ctx, f.who, dir)
		switch {
		case ctx.Err() != nil:
			return binaries{}, fmt.Errorf("look for PostgreSQL: %w", context.Cause(ctx))
		case err != nil:
			rejected = append(rejected, err.Error())
		case !b.supported():
			rejected = append(rejected, b.String())
			found = append(found, b.String())
		case b.fits(made):
			return b, nil
		default:
			found = append(found, b.String())
		}
	}
	b, err := f.fetched(ctx, made)
	if !errors.Is(err, errNotFetchable) {
		return b, err
	}
	if made != "" {
		return binaries{}, &VersionError{Dir: f.home.root, Made: made, Found: found}
	}
	return binaries{}, &MissingError{Rejected: rejected}
}

// chosen takes the server that a setting names, or none.
func (f finder) chosen(ctx context.Context, made string) (binaries, error) {
	dir, err := filepath.Abs(f.Binaries)
	if err != nil {
		return binaries{}, fmt.Errorf("find PostgreSQL's programs in %s: %w", f.Binaries, err)
	}
	b, err := probe(ctx, f.who, dir)
	switch {
	case err != nil:
		return binaries{}, fmt.Errorf("use the PostgreSQL that the settings name: %w", err)
	case !b.supported():
		return binaries{}, fmt.Errorf("use the PostgreSQL that the settings name: %s is not one of the versions %d to %d", b, MinMajor, MaxMajor)
	case !b.fits(made):
		return binaries{}, &VersionError{Dir: f.home.root, Made: made, Found: []string{b.String()}}
	}
	return b, nil
}

// checkPassage makes sure that the account which PostgreSQL runs as can reach
// the data folder. Mode bits find the culprit; the last word has an attempt,
// since access lists may allow more.
func checkPassage(ctx context.Context, home layout, who account, b binaries) error {
	barrier := who.barrier(home.root)
	if barrier == "" {
		return nil
	}
	cmd := who.command(ctx, b.postgres, "--version")
	cmd.Dir = home.root
	if _, err := runTool(ctx, cmd); err == nil {
		return nil
	}
	return &FolderError{
		Dir:  home.root,
		Path: barrier,
		Reason: fmt.Sprintf("PostgreSQL does not run as root but as the account %s, which cannot pass through %s (allow it with `chmod o+x %s`)",
			who.name, barrier, barrier),
	}
}
