package localpg

import (
	"io/fs"
	"syscall"
)

// chooseAccount always names the user who runs Docket: Windows has no root.
func chooseAccount(string) (account, error) { return account{}, nil }

func (account) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// isOurs trusts the temporary folder, which is each user's own on Windows.
func isOurs(fs.FileInfo) bool { return true }

func (account) parentMode() fs.FileMode              { return 0o700 }
func (account) letThrough(string, fs.FileInfo) error { return nil }
func (account) barrier(string) string                { return "" }
func (account) passes(string) bool                   { return true }
func (account) give(string) error                    { return nil }
func (account) letRead(string) error                 { return nil }
func (account) owns(fs.FileInfo) bool                { return true }
