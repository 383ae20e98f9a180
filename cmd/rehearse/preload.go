package main

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

//go:embed preload/library.c
var preloadSource []byte

// preload is a library in PostgreSQL that makes its disk full and its clock
// jump. A small file system of its own would take root and a mount, which few
// containers have.
type preload struct{ library, control string }

// errNoPreload says why there can be none.
var errNoPreload = errors.New("needs Linux and a C compiler (Debian: gcc libc6-dev)")

func newPreload(ctx context.Context, folder string) (*preload, error) {
	cc, err := exec.LookPath("cc")
	if err != nil || runtime.GOOS != "linux" {
		return nil, errNoPreload
	}
	p := &preload{library: filepath.Join(folder, "preload.so"), control: filepath.Join(folder, "control")}
	source := filepath.Join(folder, "preload.c")
	if err := os.WriteFile(source, preloadSource, 0o600); err != nil {
		return nil, fmt.Errorf("write the library's source: %w", err)
	}
	out, err := exec.CommandContext(ctx, cc, "-shared", "-fPIC", "-O2", "-o", p.library, source, "-ldl").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %s", errNoPreload, err, out)
	}
	// PostgreSQL's account reads both, which is another than root's.
	if err := os.WriteFile(p.control, make([]byte, 16), 0o644); err != nil { //nolint:gosec // so be it: a clock's error in seconds
		return nil, fmt.Errorf("write the library's control file: %w", err)
	}
	return p, os.Chmod(p.library, 0o755) //nolint:gosec // the same
}

// with has whatever do starts carry the library.
func (p *preload) with(do func() error) (err error) {
	if p == nil {
		return do()
	}
	for name, value := range map[string]string{"LD_PRELOAD": p.library, "DOCKET_REHEARSE_CONTROL": p.control} {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("preload a library: %w", err)
		}
		defer func() { err = errors.Join(err, os.Unsetenv(name)) }()
	}
	return do()
}

func (p *preload) fill(full bool) error {
	n := int64(0)
	if full {
		n = 1
	}
	return p.set(0, n)
}

// shift puts PostgreSQL's clock off by d, in whole seconds.
func (p *preload) shift(d time.Duration) error { return p.set(8, int64(d/time.Second)) }

func (p *preload) set(at int64, value int64) error {
	f, err := os.OpenFile(p.control, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open the library's control file: %w", err)
	}
	_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(value)), at) //nolint:gosec // its bits
	return errors.Join(err, f.Close())
}
