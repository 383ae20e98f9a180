package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetStart has the process hold no longer those pages of its own program
// that it used to start, some 20 MB of instructions and tables, and returns how
// many bytes of address space that was about: what a server goes on to use of
// them comes back from the page cache as it is used. It leaves alone what anyone
// wrote to, hence what is not as it stands in the file (madvise(2),
// MADV_DONTNEED).
func forgetStart() (released uint64, err error) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 0, fmt.Errorf("find the program: %w", err)
	}
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return 0, fmt.Errorf("read what memory is mapped: %w", err)
	}
	for _, m := range pristine(text, program) {
		if _, _, code := syscall.Syscall(syscall.SYS_MADVISE, uintptr(m.from), uintptr(m.to-m.from), syscall.MADV_DONTNEED); code != 0 {
			err = errors.Join(err, fmt.Errorf("let go of %x-%x: %w", m.from, m.to, code))
			continue
		}
		released += m.to - m.from
	}
	return released, err
}

// mapping is a range of addresses, the last one excluded.
type mapping struct{ from, to uint64 }

// pristine returns the mappings of a program that cannot be written to and
// never were, of what /proc/PID/smaps has to say (proc(5)).
func pristine(smaps []byte, program string) (found []mapping) {
	var current mapping
	readOnly := false
	for line := range bytes.Lines(smaps) {
		fields := strings.Fields(string(line))
		if len(fields) < 2 {
			continue
		}
		if from, to, ok := parseRange(fields[0]); ok {
			current = mapping{from, to}
			readOnly = strings.HasPrefix(fields[1], "r-") && strings.HasSuffix(string(bytes.TrimSpace(line)), " "+program)
		}
		if readOnly && fields[0] == "Anonymous:" && fields[1] == "0" {
			found = append(found, current)
		}
	}
	return found
}

func parseRange(text string) (from, to uint64, ok bool) {
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, false
	}
	from, errFrom := strconv.ParseUint(first, 16, 64)
	to, errTo := strconv.ParseUint(last, 16, 64)
	return from, to, errFrom == nil && errTo == nil
}
