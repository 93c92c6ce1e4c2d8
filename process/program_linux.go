package process

import "os"

// program is the path of this program: where it was started from, or, if another
// file is there now (an update, a new build), the kernel's own link to it. A worker
// must have the same functions and types.
func program() (string, error) {
	const link = "/proc/self/exe"
	path, err := os.Executable()
	running, linkErr := os.Stat(link)
	if linkErr != nil {
		return path, err // there is no /proc
	}
	if there, statErr := os.Stat(path); err == nil && statErr == nil && os.SameFile(there, running) {
		return path, nil
	}
	return link, nil
}
