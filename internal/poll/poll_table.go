//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll

import "os"

// maxBatches bounds what one Poll reports to maxBatches*batchSize events, so
// that peers who send without end cannot keep the loop from its other work.
const (
	batchSize  = 128
	maxBatches = 64
)

// A table finds registered descriptors by number, and knows which of them an
// event from the kernel can be meant for. Its methods belong to the loop.
type table struct {
	descs []*Desc // by number, nil for those not registered
	batch uint64  // counts fetches from the kernel
}

// put adds a descriptor; errno is what to say when it is there already.
//
//go:norace
func (t *table) put(d *Desc, errno error) error {
	if d.fd >= len(t.descs) {
		// Not append: the runtime's growing is seen by the race detector.
		bigger := make([]*Desc, max(64, 2*len(t.descs), d.fd+1))
		for i, old := range t.descs {
			bigger[i] = old
		}
		t.descs = bigger
	}
	if t.descs[d.fd] != nil {
		return os.NewSyscallError("register", errno)
	}
	d.batch = t.batch
	t.descs[d.fd] = d
	return nil
}

// drop forgets a descriptor.
//
//go:norace
func (t *table) drop(d *Desc) { t.descs[d.fd] = nil }

// find is the Desc which an event of the current batch is meant for, or nil. An
// event that was fetched before the Desc was registered is meant for an earlier
// one of the same number.
//
//go:norace
func (t *table) find(fd int) *Desc {
	if fd >= len(t.descs) {
		return nil
	}
	d := t.descs[fd]
	if d == nil || d.batch == t.batch {
		return nil
	}
	return d
}
