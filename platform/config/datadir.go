package config

import "path/filepath"

// UserDataDir is where an application keeps a user's data: XDG_DATA_HOME
// (https://specifications.freedesktop.org/basedir-spec/latest/), Application
// Support on macOS, LocalAppData on Windows, /var/lib for root. The test environment has a folder
// of its own, so that tests never touch what a person works with. It returns
// "" where env does not tell.
func UserDataDir(goos string, root bool, environ []string, e Environment) string {
	env := environMap(environ)
	name := "docket"
	if e == Test {
		name = "docket-test"
	}
	home := env["HOME"]
	switch {
	case goos == "windows":
		return under(env["LocalAppData"], name)
	case goos == "darwin":
		return under(home, "Library", "Application Support", name)
	case filepath.IsAbs(env["XDG_DATA_HOME"]): // a relative one is to be ignored
		return filepath.Join(env["XDG_DATA_HOME"], name)
	case root:
		return filepath.Join("/var/lib", name)
	default:
		return under(home, ".local", "share", name)
	}
}

func under(root string, names ...string) string {
	if root == "" {
		return ""
	}
	return filepath.Join(append([]string{root}, names...)...)
}
