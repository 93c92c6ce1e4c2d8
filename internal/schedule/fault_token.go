package schedule

import (
	"encoding/binary"
	"time"
)

// appendFaults writes faults into a word. What they would be drawn by is not told: they
// have happened, or do not happen.
func appendFaults(b []byte, faults []Fault) []byte {
	b = binary.AppendUvarint(b, uint64(len(faults)))
	for _, f := range faults {
		b = append(b, byte(f.Kind))
		b = binary.AppendUvarint(b, uint64(f.At))
		b = binary.AppendUvarint(b, uint64(max(f.For, -1)+1))
		b = binary.AppendUvarint(b, uint64(len(f.Hosts)))
		for _, h := range f.Hosts {
			b = binary.AppendUvarint(b, uint64(len(h)))
			b = append(b, h...)
		}
	}
	return b
}

// faults reads what appendFaults has written.
func (r *reader) faults() (faults []Fault) {
	for n := r.number(); n > 0 && !r.short; n-- {
		f := Fault{Kind: FaultKind(r.byte()), At: time.Duration(r.number()), For: time.Duration(r.number()) - 1}
		for n := r.number(); n > 0 && !r.short; n-- {
			f.Hosts = append(f.Hosts, string(r.take(int(min(r.number(), 1<<20)))))
		}
		r.short = r.short || !f.Kind.Valid() || f.At < 0 || f.For < -1
		faults = append(faults, f)
	}
	return faults
}
