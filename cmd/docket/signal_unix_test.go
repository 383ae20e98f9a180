//go:build unix

package main

import "syscall"

const toggleSignal = syscall.SIGUSR1
