package localpg

import (
	"fmt"
	"runtime"
	"strings"
)

// InUseError says that another process serves the data folder.
type InUseError struct {
	Dir string
	PID int // the holder's process id, 0 when it is not known
}

func (e *InUseError) Error() string {
	who := "another docket"
	if e.PID > 0 {
		who = fmt.Sprintf("another docket (process %d)", e.PID)
	}
	return fmt.Sprintf("the data folder %s is in use by %s: stop that one first, or give this one a folder of its own with --data-dir", e.Dir, who)
}

// VersionError says that a data folder was made by a PostgreSQL of another
// major version than any that can be found. The folder is left as it was.
type VersionError struct {
	Dir   string
	Made  string   // major version that made the folder, such as "16"
	Found []string // what was found instead: version and folder of each
}

func (e *VersionError) Error() string {
	found := "none was found"
	if len(e.Found) > 0 {
		found = "only these were found: " + strings.Join(e.Found, ", ")
	}
	return fmt.Sprintf("the data folder %s was made by PostgreSQL %s, and %s; nothing was changed. Install PostgreSQL %s (Docket runs %d to %d), or start afresh in another folder with --data-dir",
		e.Dir, e.Made, found, e.Made, MinMajor, MaxMajor)
}

// MissingError says that there is no PostgreSQL on this machine and no npm to
// fetch one with.
type MissingError struct {
	Rejected []string // what was found and could not be used, with the reason
}

func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no PostgreSQL %d to %d was found, and no npm to fetch one with", MinMajor, MaxMajor)
	if len(e.Rejected) > 0 {
		fmt.Fprintf(&b, " (passed over: %s)", strings.Join(e.Rejected, "; "))
	}
	b.WriteString(". Install one of the two")
	b.WriteString(installHint(runtime.GOOS))
	b.WriteString("; or name a database of your own in DATABASE_URL")
	return b.String()
}

func installHint(goos string) string {
	switch goos {
	case "darwin":
		return ": `brew install postgresql@17`, or Node.js with `brew install node`"
	case "windows":
		return ": PostgreSQL with `winget install PostgreSQL.PostgreSQL.17`, or Node.js with `winget install OpenJS.NodeJS.LTS`"
	default:
		return ": `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), or Node.js from https://nodejs.org, whose npm fetches PostgreSQL by itself"
	}
}

// FolderError says that a data folder cannot be used, where the trouble is and
// why. Its data, if any, is as it was.
type FolderError struct {
	Dir    string // the data folder
	Path   string // the path in the way: Dir itself, a parent, or something in it
	Reason string // completes "the data folder … cannot be used: "
	Err    error  // what the system said; may be nil
}

func (e *FolderError) Error() string {
	text := fmt.Sprintf("the data folder %s cannot be used: %s", e.Dir, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + "; choose another with --data-dir"
}

// Unwrap returns what the system said.
func (e *FolderError) Unwrap() error { return e.Err }
