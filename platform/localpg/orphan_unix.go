//go:build unix

package localpg

import (
	"io/fs"
	"os"
)

func sameOwner(f *os.File, as fs.FileInfo) error {
	uid, gid := ownerOf(as)
	return f.Chown(uid, gid)
}
