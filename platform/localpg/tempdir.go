package localpg

import (
	"os"
	"path/filepath"
)

// roomInMemory is what a file system in memory must have free, in pages of
// 4 KiB or more, to be proposed for a volatile server: 1 GiB, where a
// container's may be far smaller.
const roomInMemory = 1 << 30 >> 12

// TempDirs returns where a temporary data folder can be made, best first. On
// Linux that is a file system in memory if there is one with room, since a
// clone of a database is some three hundred new files. /tmp comes last because
// a user's own temporary folder may be closed to the account that PostgreSQL
// runs as.
func TempDirs() []string {
	var dirs []string
	if dir := memoryDir(); dir != "" {
		dirs = append(dirs, dir)
	}
	dirs = append(dirs, os.TempDir())
	if info, err := os.Stat("/tmp"); err == nil && info.IsDir() && filepath.Clean(os.TempDir()) != "/tmp" {
		dirs = append(dirs, "/tmp")
	}
	return dirs
}
