package anyiotest

import "math/bits"

// hashes are different ones of schedules. A map takes four times as long for each, as it
// does not know that they are numbers like any other.
type hashes struct {
	table []uint64 // each at its place, or at the next that was free; 0: free
	n     int
}

// maxHashes is up to how many are told apart by a worker.
const maxHashes = 1 << 20

// add puts one in.
func (hs *hashes) add(h uint64) {
	hs.reserve(1)
	hs.put(h)
}

// addAll puts those of others in.
func (hs *hashes) addAll(others *hashes) {
	hs.reserve(others.n)
	for _, h := range others.table {
		if h != 0 {
			hs.put(h)
		}
	}
}

// reserve has half of the table be free when so many more are in it. Those of another table
// come in the order of their places, so that one that grew meanwhile would be full at its
// begin.
func (hs *hashes) reserve(more int) {
	size := 2 * (hs.n + more)
	if size <= len(hs.table) {
		return
	}
	old := hs.table
	hs.table, hs.n = make([]uint64, max(64, 2*len(old), size)), 0
	for _, h := range old {
		if h != 0 {
			hs.put(h)
		}
	}
}

// put puts one in where there is room. 0 counts as 1.
func (hs *hashes) put(h uint64) {
	h = max(h, 1)
	size := uint64(len(hs.table))
	place, _ := bits.Mul64(h*0x9E3779B97F4A7C15, size)
	for ; hs.table[place] != 0; place = (place + 1) % size {
		if hs.table[place] == h {
			return
		}
	}
	hs.table[place] = h
	hs.n++
}
