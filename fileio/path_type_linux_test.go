package fileio_test

import "golang.org/x/sys/unix"

// makeBlockDevice makes a name for a device that there need not be.
func makeBlockDevice(path string) error {
	return unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(7, 200)))
}
