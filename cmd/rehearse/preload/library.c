/* Preloaded into PostgreSQL: fails what would make a table grow as a full disk
 * does, and shifts the clock, as the control file says: two numbers of 64 bits,
 * is the disk full, and by how many seconds the clock is off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t nothing[2];
static volatile int64_t *control = nothing;

__attribute__((constructor)) static void begin(void) {
	const char *path = getenv("DOCKET_REHEARSE_CONTROL");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		control = p;
	close(fd);
}

static int full(int fd, off_t end) {
	char link[64], path[4096];
	struct stat s;
	if (!control[0] || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || end <= s.st_size)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = 0;
	return strstr(path, "/base/") != NULL;
}

static off_t total(const struct iovec *v, int n) {
	off_t sum = 0;
	for (int i = 0; i < n; i++)
		sum += v[i].iov_len;
	return sum;
}

#define REAL(type, name, params) static type (*real) params; if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)
#define WRITES(pwrite_, pwritev_, fallocate_) \
	ssize_t pwrite_(int fd, const void *b, size_t n, off_t at) { \
		REAL(ssize_t, #pwrite_, (int, const void *, size_t, off_t)); \
		if (full(fd, at + n)) { errno = ENOSPC; return -1; } \
		return real(fd, b, n, at); \
	} \
	ssize_t pwritev_(int fd, const struct iovec *v, int n, off_t at) { \
		REAL(ssize_t, #pwritev_, (int, const struct iovec *, int, off_t)); \
		if (full(fd, at + total(v, n))) { errno = ENOSPC; return -1; } \
		return real(fd, v, n, at); \
	} \
	int fallocate_(int fd, off_t at, off_t n) { \
		REAL(int, #fallocate_, (int, off_t, off_t)); \
		if (full(fd, at + n)) return ENOSPC; \
		return real(fd, at, n); \
	}

WRITES(pwrite, pwritev, posix_fallocate)
WRITES(pwrite64, pwritev64, posix_fallocate64)

int gettimeofday(struct timeval *restrict t, void *restrict z) {
	REAL(int, "gettimeofday", (struct timeval *, void *));
	int r = real(t, z);
	t->tv_sec += control[1];
	return r;
}

int clock_gettime(clockid_t c, struct timespec *t) {
	REAL(int, "clock_gettime", (clockid_t, struct timespec *));
	int r = real(c, t);
	if (c == CLOCK_REALTIME)
		t->tv_sec += control[1];
	return r;
}

time_t time(time_t *t) {
	REAL(time_t, "time", (time_t *));
	time_t now = real(NULL) + control[1];
	if (t)
		*t = now;
	return now;
}
