package localpg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	maxLog      = 4 << 20 // bytes kept in postgres.log before it is set aside
	quotedLines = 12
	quotedBytes = 8 << 10
)

// openLog opens the server's log for appending and notes where this run's part
// begins. The file is opened here and handed down, so that the account that
// PostgreSQL runs as needs no right to the folder.
func (s *Server) openLog() (*os.File, error) {
	path := s.home.log()
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("set the old server log aside: %w", err)
		}
	}
	f, err := openAppend(path)
	if errors.Is(err, fs.ErrPermission) {
		// Another user's run of this folder left it; the folder is still ours.
		if err := os.Remove(path); err != nil {
			return nil, &FolderError{Dir: s.home.root, Path: path, Reason: "the server's log cannot be written", Err: err}
		}
		f, err = openAppend(path)
	}
	if err != nil {
		return nil, &FolderError{Dir: s.home.root, Path: path, Reason: "the server's log cannot be written", Err: err}
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find the end of the server's log: %w", err), f.Close())
	}
	s.logStart = end
	return f, nil
}

func openAppend(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|noFollow, 0o600)
}

// quoteLog returns the last lines that this run logged, made to follow an
// error message, or "" when there are none.
func (s *Server) quoteLog() string {
	f, err := os.Open(s.home.log())
	if err != nil {
		return ""
	}
	defer f.Close()
	start := s.logStart
	if info, err := f.Stat(); err == nil && info.Size()-quotedBytes > start {
		start = info.Size() - quotedBytes
	}
	text, err := io.ReadAll(io.NewSectionReader(f, start, quotedBytes))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] == "" {
		return ""
	}
	if len(lines) > quotedLines {
		lines = lines[len(lines)-quotedLines:]
	}
	return "\nend of " + s.home.log() + ":\n  " + strings.Join(lines, "\n  ")
}
