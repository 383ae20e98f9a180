package main

import "syscall"

// toggleSignal stands in for one that Windows does not have: the test that
// sends it is skipped there.
const toggleSignal = syscall.SIGTERM
