package localpg

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/windows"
)

// kin asks the server itself for its folder, since Windows shows no working
// folder of another process.
func kin(ctx context.Context, home layout, state pidState) kinship {
	if !runsPostgres(state.pid) {
		return stranger
	}
	password, err := os.ReadFile(home.password())
	if err != nil || state.port == 0 {
		return unclear
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	e := endpoint{port: state.port, password: strings.TrimSpace(string(password))}
	conn, err := pgx.Connect(ctx, e.url("postgres"))
	if err != nil {
		return unclear
	}
	defer conn.Close(ctx)
	var dir string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&dir); err != nil {
		return unclear
	}
	if strings.EqualFold(filepath.Clean(dir), home.data()) {
		return ours
	}
	return stranger
}

func runsPostgres(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	name := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(name))
	if err := windows.QueryFullProcessImageName(h, 0, &name[0], &size); err != nil {
		return false
	}
	return strings.EqualFold(filepath.Base(windows.UTF16ToString(name[:size])), "postgres.exe")
}

// isAlive asks about servers only, as PostgreSQL does on Windows.
func isAlive(pid int) bool { return runsPostgres(pid) }

func postgresIn(layout) []int { return nil }

func sameOwner(*os.File, fs.FileInfo) error { return nil }
