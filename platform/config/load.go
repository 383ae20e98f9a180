package config

import (
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Sources is where settings come from. Nothing else is looked at, except what
// pgx itself reads when it parses a connection string (PGHOST and its kin,
// ~/.pgpass).
type Sources struct {
	// Files holds default.yaml and one file for each environment, such as
	// configs.Files.
	Files fs.FS
	// FilesName is what origins call the folder of Files; "" is "configs".
	FilesName string
	// Environ is the process environment as os.Environ gives it.
	Environ []string
	// Overrides are the flags that were given, by the key that they set:
	// data_dir for --data-dir, log.format for --log-format.
	Overrides map[string]string
	// Root says that the process runs as root, whose data folder is another:
	// PostgreSQL runs as an account that cannot pass through /root.
	Root bool
}

// Load reads and checks every setting: default.yaml, then <environment>.yaml,
// then environment variables, then overrides. What it returns as error is an
// [*Error] that lists everything wrong, not the first fault alone.
func Load(src Sources) (Config, error) {
	if src.FilesName == "" {
		src.FilesName = "configs"
	}
	l := &loader{
		src:     src,
		env:     environMap(src.Environ),
		merged:  viper.New(),
		origins: map[string]origin{},
	}
	l.readAll()
	l.decodeAll()
	l.derive()
	l.check()
	if len(l.faults) > 0 {
		return Config{}, &Error{Faults: l.faults}
	}
	l.cfg.effective = l.describe()
	return l.cfg, nil
}

// loader is one call of Load.
type loader struct {
	src     Sources
	env     map[string]string
	merged  *viper.Viper
	origins map[string]origin
	cfg     Config
	faults  []Fault
}

// origin is where the value of a key stands.
type origin struct {
	name string
	line int // in a file; else 0
}

func (o origin) String() string {
	if o.line == 0 {
		return o.name
	}
	return fmt.Sprintf("%s:%d", o.name, o.line)
}

// readAll fills merged with every layer, the strongest last.
func (l *loader) readAll() {
	defaults := l.readFile("default.yaml")
	l.mergeFile(defaults)
	variables := l.readEnviron()
	flags := l.readOverrides()

	if environment := l.environment(variables, flags); environment != "" {
		own := l.readFile(string(environment) + ".yaml")
		if line, ok := own.lines["environment"]; ok {
			l.add(Fault{
				Key:     "environment",
				Origin:  origin{own.name, line}.String(),
				Problem: "a file that was chosen by the environment cannot choose it",
				Allowed: "DOCKET_ENVIRONMENT, or default.yaml",
			})
			own.forget("environment")
		}
		l.mergeFile(own)
	}
	l.mergeGiven(variables)
	l.mergeGiven(flags)
}

func (l *loader) mergeFile(f file) {
	if err := l.merged.MergeConfigMap(f.values); err != nil {
		l.add(Fault{Origin: f.name, Problem: err.Error()})
		return
	}
	for key, line := range f.lines {
		l.origins[key] = origin{f.name, line}
	}
}

// given is a value from outside the files.
type given struct {
	value  string
	origin origin
}

func (l *loader) mergeGiven(layer map[string]given) {
	for key, g := range layer {
		l.merged.Set(key, g.value)
		l.origins[key] = g.origin
	}
}

// readEnviron returns the settings that environment variables give, and
// reports variables of ours that set nothing.
func (l *loader) readEnviron() map[string]given {
	out := map[string]given{}
	known := map[string]bool{}
	for _, s := range settings {
		for _, name := range s.env {
			known[name] = true
			value := strings.TrimSpace(l.env[name])
			if value == "" {
				continue
			}
			from := origin{name: "environment " + name}
			if first, twice := out[s.key]; twice && first.value != value {
				l.add(Fault{
					Key:     s.key,
					Origin:  from.String(),
					Problem: "differs from the value of " + strings.TrimPrefix(first.origin.name, "environment "),
					Allowed: "one of the two, or the same value in both",
				})
			} else if !twice {
				out[s.key] = given{value, from}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		if known[name] || !strings.HasPrefix(name, "DOCKET_") || strings.HasPrefix(name, "DOCKET_TEST_") {
			continue
		}
		l.add(Fault{
			Key:     name,
			Origin:  "environment",
			Problem: "no such setting; the nearest is " + nearestEnv(name),
		})
	}
	return out
}

// readOverrides returns the settings that flags give.
func (l *loader) readOverrides() map[string]given {
	out := map[string]given{}
	for _, key := range slices.Sorted(maps.Keys(l.src.Overrides)) {
		from := origin{name: "flag --" + strings.NewReplacer(".", "-", "_", "-").Replace(key)}
		if _, ok := lookup(key); !ok {
			l.add(Fault{Key: key, Origin: from.String(), Problem: "no such setting; the nearest is " + nearestKey(key)})
			continue
		}
		out[key] = given{strings.TrimSpace(l.src.Overrides[key]), from}
	}
	return out
}

// environment tells which environment's file to read, or "" where the name
// given is not one; that fault is reported when the setting is decoded.
func (l *loader) environment(variables, flags map[string]given) Environment {
	name := l.merged.GetString("environment")
	for _, layer := range []map[string]given{variables, flags} {
		if g, ok := layer["environment"]; ok {
			name = g.value
		}
	}
	environment, err := environments().parse(name)
	if err != nil {
		return ""
	}
	return environment
}

// decodeAll turns the merged values into l.cfg.
func (l *loader) decodeAll() {
	for _, s := range settings {
		value := l.merged.Get(s.key)
		if value == nil {
			l.add(Fault{
				Key:     s.key,
				Problem: "has no value; every default stands in " + l.src.FilesName + "/default.yaml",
				Allowed: s.allowed,
			})
			continue
		}
		if err := s.decode.read(&l.cfg, value); err != nil {
			l.reject(s.key, err.Error())
		}
	}
}

// derive works out what is left empty for that purpose.
func (l *loader) derive() {
	if l.cfg.DataDir == "" {
		l.cfg.DataDir = UserDataDir(runtime.GOOS, l.src.Root, l.src.Environ, l.cfg.Environment)
	}
	if db := &l.cfg.Database; db.URLDirect == "" && !db.Pooled() {
		db.URLDirect = db.URL
	}
}

// describe lists the effective settings.
func (l *loader) describe() []Setting {
	out := make([]Setting, 0, len(settings))
	for _, s := range settings {
		value := display(l.merged.Get(s.key))
		from := l.origins[s.key].name
		if s.show != nil {
			derived := s.show(l.cfg)
			if value == "" && derived != "" {
				from = "built in"
			}
			value = derived
		}
		out = append(out, Setting{
			Key:    s.key,
			Env:    slices.Clone(s.env),
			Value:  masked(s, value),
			Origin: from,
			Doc:    s.doc,
		})
	}
	return out
}

// reject reports the value of a key as wrong.
func (l *loader) reject(key, problem string) {
	s, _ := lookup(key)
	f := Fault{Key: key, Problem: problem, Allowed: s.allowed}
	if from, ok := l.origins[key]; ok {
		f.Origin = from.String()
	}
	if !s.secret {
		f.Value = shown(display(l.merged.Get(key)))
	}
	l.add(f)
}

func (l *loader) add(f Fault) { l.faults = append(l.faults, f) }

// faulty reports whether key has a fault already, which makes rules about it
// pointless.
func (l *loader) faulty(key string) bool {
	return slices.ContainsFunc(l.faults, func(f Fault) bool { return f.Key == key })
}

// environMap splits NAME=value pairs; the last of a name wins, as in os/exec.
func environMap(environ []string) map[string]string {
	out := make(map[string]string, len(environ))
	for _, pair := range environ {
		name, value, ok := strings.Cut(pair, "=")
		if ok && name != "" {
			out[name] = value
		}
	}
	return out
}
