package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// socketPort numbers the socket file; nothing else uses its folder.
const socketPort = 5432

// maxSocketPath is the longest path of a Unix socket that every system takes:
// macOS has room for 104 bytes with the final NUL, Linux for 108.
const maxSocketPath = 103

// endpoint is where a server listens: a Unix socket in a private folder, or a
// loopback port behind a password.
type endpoint struct {
	folder   string // of the socket; empty on TCP
	port     int
	password string // on TCP only
}

func newEndpoint(ctx context.Context, home layout, who account, env environment) (endpoint, error) {
	if env.loopback {
		return newLoopback(ctx, home, env)
	}
	folder, err := makeSocketFolder(ctx, home, who)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{folder: folder, port: socketPort}, nil
}

func newLoopback(ctx context.Context, home layout, env environment) (endpoint, error) {
	password, err := os.ReadFile(home.password())
	if err != nil {
		return endpoint{}, fmt.Errorf("read the private server's password: %w", err)
	}
	port, err := env.port(ctx)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{port: port, password: strings.TrimSpace(string(password))}, nil
}

// socketFile is the name that PostgreSQL gives its socket.
var socketFile = ".s.PGSQL." + strconv.Itoa(socketPort)

// makeSocketFolder prefers a folder inside the data folder, whose path is the
// same on every start. It falls back to the system's temporary folder when the
// path is too long for a socket, has a comma (which separates hosts in a
// connection URL), or is on a file system that has no sockets; then a link in
// the data folder says where it is, so that it is found after a kill -9.
func makeSocketFolder(ctx context.Context, home layout, who account) (string, error) {
	inside := home.socket()
	// Left over from a run that was killed; the lock says that it is nobody's.
	if err := removeSocketFolder(inside, who); err != nil {
		return "", fmt.Errorf("clear the socket folder: %w", err)
	}
	if fitsSocket(inside) {
		if err := os.Mkdir(inside, 0o700); err != nil {
			return "", fmt.Errorf("make the socket folder: %w", err)
		}
		if takesSockets(ctx, inside) {
			return inside, who.give(inside)
		}
		if err := os.Remove(inside); err != nil {
			return "", fmt.Errorf("remove the socket folder: %w", err)
		}
	}
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		folder, err := os.MkdirTemp(parent, socketPrefix)
		if err != nil {
			continue
		}
		if fitsSocket(folder) && who.passes(folder) && takesSockets(ctx, folder) {
			return folder, errors.Join(who.give(folder), os.Symlink(folder, inside))
		}
		if err := os.Remove(folder); err != nil {
			return "", fmt.Errorf("remove the socket folder: %w", err)
		}
	}
	return "", &FolderError{Dir: home.root, Path: inside, Reason: "a Unix socket can be made neither in it nor in the temporary folder"}
}

func fitsSocket(folder string) bool {
	return len(filepath.Join(folder, socketFile)) <= maxSocketPath && !strings.ContainsAny(folder, ",\"")
}

// socketPrefix begins the name of a socket folder in the temporary folder.
const socketPrefix = "docket-socket-"

// removeSocketFolder removes the folder inside the data folder, or the link
// there and what it points at if that is a socket folder of ours.
func removeSocketFolder(inside string, who account) error {
	target, err := os.Readlink(inside)
	if err != nil {
		return os.RemoveAll(inside) // no link: a folder, or nothing
	}
	if info, err := os.Lstat(target); err == nil && info.IsDir() && who.owns(info) && strings.HasPrefix(filepath.Base(target), socketPrefix) {
		if err := os.RemoveAll(target); err != nil {
			return err
		}
	}
	return os.Remove(inside)
}

func takesSockets(ctx context.Context, folder string) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", filepath.Join(folder, "probe"))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func (e endpoint) listen() string {
	if e.folder == "" {
		return "127.0.0.1"
	}
	return ""
}

// socketSetting quotes the folder as an element of the list that
// unix_socket_directories is.
func (e endpoint) socketSetting() string {
	if e.folder == "" {
		return ""
	}
	return `"` + e.folder + `"`
}

func (e endpoint) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(Owner), Path: "/" + database}
	q := url.Values{}
	if e.folder == "" {
		u.User = url.UserPassword(Owner, e.password)
		u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(e.port))
		q.Set("sslmode", "disable") // it never leaves the machine
	} else {
		q.Set("host", e.folder)
		q.Set("port", strconv.Itoa(e.port))
	}
	// libpq, and pgx after it, do not read a plus sign as a space.
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// remove clears away what newEndpoint made.
func (e endpoint) remove(home layout, who account) error {
	if e.folder == "" {
		return nil
	}
	return removeSocketFolder(home.socket(), who)
}

// writeAccessRules writes pg_hba.conf. On a Unix socket, whoever can enter the
// folder is the owner; on a port, whoever knows the password.
func (s *Server) writeAccessRules() (string, error) {
	rules := "local all all trust\n"
	if s.endpoint.folder == "" {
		rules = "host all all 127.0.0.1/32 scram-sha-256\n"
	}
	path := s.home.access()
	if err := writeFor(s.account, path, rules); err != nil {
		return "", fmt.Errorf("write the access rules: %w", err)
	}
	return path, nil
}

// writeFor replaces a file with one that only this user can write and who can
// read.
func writeFor(who account, path, text string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return who.letRead(path)
}

// newPassword has 128 bits of entropy or more.
func newPassword() string { return rand.Text() }
