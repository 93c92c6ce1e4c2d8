//go:build unix && !linux

package fileio_test

import "errors"

func makeBlockDevice(string) error { return errors.ErrUnsupported }
