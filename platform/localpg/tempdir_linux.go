package localpg

import "golang.org/x/sys/unix"

func memoryDir() string {
	const dir = "/dev/shm"
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Type != unix.TMPFS_MAGIC {
		return ""
	}
	if unix.Access(dir, unix.W_OK|unix.X_OK) != nil || fs.Bavail < roomInMemory {
		return ""
	}
	return dir
}
