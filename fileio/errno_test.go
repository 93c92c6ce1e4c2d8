package fileio_test

import "syscall"

// errNoSpace is what a full disk gives.
const errNoSpace = syscall.ENOSPC
