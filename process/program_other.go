//go:build !linux

package process

import "os"

// program is the path of this program.
func program() (string, error) { return os.Executable() }
