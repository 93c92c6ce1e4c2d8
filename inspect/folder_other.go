//go:build !unix

package inspect

import (
	"errors"
	"os"
)

// userName is the same for all: the folder for temporary files is each user's own.
func userName() string { return "inspect" }

// notOurs says why a folder may not be trusted, "" if it may.
func notOurs(info os.FileInfo) string {
	if !info.IsDir() {
		return "is none"
	}
	return ""
}

// refused reports that nobody listens at a socket, as opposed to one who does not answer.
func refused(err error) bool { return !errors.Is(err, os.ErrDeadlineExceeded) }
