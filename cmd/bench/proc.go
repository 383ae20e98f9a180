package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of processor time in /proc: USER_HZ, a hundredth of a
// second on every Linux (time(7)).
const clockTick = 10 * time.Millisecond

// Fields of /proc/PID/stat behind the name of the command, from 0 (proc(5)).
const (
	statParent    = 1
	statUser      = 11
	statSystem    = 12
	statWaitUser  = 13
	statWaitSytem = 14
)

// stat reads the fields of /proc/PID/stat that follow the name.
func stat(pid string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil, fmt.Errorf("read the processor time of a process: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= statWaitSytem {
		return nil, fmt.Errorf("read the processor time of process %s: %q", pid, text)
	}
	return fields, nil
}

func ticks(fields []string, at ...int) (time.Duration, error) {
	var sum time.Duration
	for _, i := range at {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read a processor time: %w", err)
		}
		sum += time.Duration(n) * clockTick
	}
	return sum, nil
}

// busy is the processor time that a process has used.
func busy(pid int) (time.Duration, error) {
	fields, err := stat(strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	return ticks(fields, statUser, statSystem)
}

// busyWithin is the processor time that a process has used, and those that it
// started: PostgreSQL has one for each connection.
func busyWithin(pid int) (time.Duration, error) {
	own, err := stat(strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	sum, err := ticks(own, statUser, statSystem, statWaitUser, statWaitSytem)
	if err != nil {
		return 0, err
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for _, folder := range all {
		fields, err := stat(filepath.Base(folder))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || err == nil && fields[statParent] != strconv.Itoa(pid) {
			continue // ended meanwhile, or somebody else's
		}
		if err != nil {
			return 0, err
		}
		used, err := ticks(fields, statUser, statSystem)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// residentPeak is the most memory that a process has had so far, in bytes.
func residentPeak(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read the memory of a process: %w", err)
			}
			return n << 10, nil
		}
	}
	return 0, fmt.Errorf("process %d says nothing of its memory", pid)
}
