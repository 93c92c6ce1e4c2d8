//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll

import (
	"os"

	"golang.org/x/sys/unix"
)

// maxBatches bounds what one Poll reports to maxBatches*batchSize events, so
// that peers who send without end cannot keep the loop from its other work.
const (
	batchSize  = 128
	maxBatches = 64
)

// A table finds registered descriptors by number, and knows which of them an
// event from the kernel can be meant for. Its methods belong to the loop.
type table struct {
	entries []entry // by number
	batch   uint64  // counts fetches from the kernel
}

// An entry is zero for a number that is not registered.
type entry struct {
	d     *Desc
	batch uint64 // the last one fetched before d was registered
}

// put adds a descriptor.
//
//go:norace
func (t *table) put(d *Desc) error {
	if d.fd < 0 {
		return os.NewSyscallError("register", unix.EBADF)
	}
	if d.fd >= len(t.entries) {
		bigger := make([]entry, max(64, 2*len(t.entries), d.fd+1))
		//lint:ignore S1001 the race detector sees what append and copy do.
		for i, old := range t.entries {
			bigger[i] = old
		}
		t.entries = bigger
	}
	if t.entries[d.fd].d != nil {
		return os.NewSyscallError("register", unix.EEXIST)
	}
	t.entries[d.fd] = entry{d, t.batch}
	return nil
}

// drop forgets a descriptor.
//
//go:norace
func (t *table) drop(d *Desc) { t.entries[d.fd] = entry{} }

// find is the Desc which an event of the current batch is meant for, or nil. An
// event that was fetched before the Desc was registered is meant for an earlier
// one of the same number.
//
//go:norace
func (t *table) find(fd int) *Desc {
	if fd >= len(t.entries) || t.entries[fd].batch == t.batch {
		return nil
	}
	return t.entries[fd].d
}

// registered is the Desc of a number, nil if there is none.
//
//go:norace
func (t *table) registered(fd int) *Desc {
	if fd < 0 || fd >= len(t.entries) {
		return nil
	}
	return t.entries[fd].d
}
