//go:build !linux && !darwin && !freebsd

package fileio

import "io/fs"

// hasHoles says no where the system cannot tell where they are.
func hasHoles(fs.FileInfo) bool { return false }

func (c *copying) pieceWithHoles() (more bool, err error) { return false, nil }
