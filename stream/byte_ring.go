package stream

// A byteRing is a FIFO buffer of bytes that grows up to a limit its owner gives.
type byteRing struct {
	bytes   []byte
	head, n int
}

const firstBytes = 4096 // of a ring that gets its first data

// write appends as much of p as fits into limit bytes and returns how much that was.
func (r *byteRing) write(p []byte, limit int) int {
	k := min(len(p), limit-r.n)
	if k <= 0 {
		return 0
	}
	if r.n+k > len(r.bytes) {
		r.grow(min(limit, max(firstBytes, 2*len(r.bytes), r.n+k)))
	}
	at := r.head + r.n
	if at >= len(r.bytes) {
		at -= len(r.bytes)
	}
	m := copy(r.bytes[at:], p[:k])
	copy(r.bytes, p[m:k])
	r.n += k
	return k
}

// read takes out the oldest bytes, up to len(p) of them.
func (r *byteRing) read(p []byte) int {
	k := min(len(p), r.n)
	if k == 0 {
		return 0
	}
	m := copy(p[:k], r.bytes[r.head:])
	copy(p[m:k], r.bytes)
	if r.n -= k; r.n == 0 {
		r.head = 0 // so that what comes next is in one piece
	} else if r.head += k; r.head >= len(r.bytes) {
		r.head -= len(r.bytes)
	}
	return k
}

func (r *byteRing) grow(size int) {
	bigger := make([]byte, size)
	n := r.n
	r.read(bigger)
	r.bytes, r.head, r.n = bigger, 0, n
}
