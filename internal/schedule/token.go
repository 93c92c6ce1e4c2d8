package schedule

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"
)

// A Plan is all that has to be known to make a run again.
type Plan struct {
	Seed             uint64 // of what is drawn in it, other than who runs
	Model            uint8  // of the simulator
	StepMin, StepMax time.Duration
	Faults           []Fault // by time
	Switches         []Switch
	// Late are keys of tasks that are put off: they run only if no other task can, unless a
	// switch says so.
	Late []uint64
	// Drawn tells that choices within steps are those of Draws, else the usual ones. If it is
	// not set the seed makes them.
	Drawn bool
	Draws []Draw
	// Hash is that of the run which the plan was made of: a run that has another one is
	// not the same.
	Hash uint64
	// Busy are times at which something was sent or arrived in that run, and Usual those of a
	// run without faults. They are not in the word.
	Busy, Usual []time.Duration
	// Ran is how many tasks had run in that run when it failed. It is not in the word either.
	Ran int
}

// String returns the plan as one word, which Parse understands.
func (p *Plan) String() string {
	b := []byte{p.Model}
	b = binary.AppendUvarint(b, p.Seed)
	b = binary.AppendUvarint(b, uint64(p.StepMin))
	b = binary.AppendUvarint(b, uint64(p.StepMax-p.StepMin))
	b = binary.LittleEndian.AppendUint64(b, p.Hash)
	version := prefix
	if len(p.Faults) > 0 {
		version = withFaults
		b = appendFaults(b, p.Faults)
	}
	if len(p.Late) > 0 || p.Drawn {
		if version = withLate; len(p.Faults) == 0 {
			b = appendFaults(b, nil)
		}
		b = binary.AppendUvarint(b, uint64(len(p.Late)))
		for _, key := range p.Late {
			b = binary.LittleEndian.AppendUint64(b, key)
		}
	}
	keys, numbers := p.numbers()
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, key := range keys {
		b = binary.LittleEndian.AppendUint64(b, key)
	}
	if p.Drawn {
		version = withDraws
		b = binary.AppendUvarint(b, uint64(len(p.Draws)))
		for _, d := range p.Draws {
			b = binary.AppendUvarint(b, numbers[d.In])
			b = binary.AppendUvarint(b, uint64(d.Step))
			b = binary.AppendUvarint(b, uint64(d.Nth))
			b = binary.AppendUvarint(b, uint64(d.Chosen))
		}
	}
	for _, s := range p.Switches {
		b = binary.AppendUvarint(b, numbers[s.After])
		b = binary.AppendUvarint(b, uint64(s.Step))
		b = binary.AppendUvarint(b, numbers[s.To])
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return version + base64.RawURLEncoding.EncodeToString(b)
}

// numbers gives numbers, from 1, to the keys of the tasks that the plan speaks of. 0 is no
// task.
func (p *Plan) numbers() (keys []uint64, numbers map[uint64]uint64) {
	numbers = map[uint64]uint64{0: 0}
	add := func(key uint64) {
		if _, known := numbers[key]; !known {
			keys = append(keys, key)
			numbers[key] = uint64(len(keys))
		}
	}
	for _, s := range p.Switches {
		add(s.After)
		add(s.To)
	}
	for _, d := range p.Draws {
		add(d.In)
	}
	return keys, numbers
}

// What a schedule begins with is the version of its format, the oldest that can tell it.
const (
	prefix     = "s1."
	withFaults = "s2."
	withLate   = "s3." // it has faults, too, or none of them
	withDraws  = "s4." // it has all that those before have, or none of it
)

var errToken = errors.New("it is not complete, or was changed")

// Parse returns the plan of a word.
func Parse(word string) (*Plan, error) {
	p, err := parse(word)
	if err != nil {
		return nil, fmt.Errorf("schedule %.40q: %w", word, err)
	}
	return p, nil
}

func parse(word string) (*Plan, error) {
	version := word[:min(len(prefix), len(word))]
	text := word[len(version):]
	if !slices.Contains([]string{prefix, withFaults, withLate, withDraws}, version) {
		return nil, fmt.Errorf("it does not begin with %q, %q, %q or %q, as those of this version do", prefix, withFaults, withLate, withDraws)
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 4 || crc32.ChecksumIEEE(b[:len(b)-4]) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, errToken
	}
	r := reader{b: b[:len(b)-4]}
	p := &Plan{Model: r.byte(), Seed: r.number(), StepMin: time.Duration(r.number())}
	p.StepMax = p.StepMin + time.Duration(r.number())
	p.Hash = r.fixed()
	if version != prefix {
		p.Faults = r.faults()
	}
	if version == withLate || version == withDraws {
		for n := r.number(); n > 0 && !r.short; n-- {
			p.Late = append(p.Late, r.fixed())
		}
	}
	keys := []uint64{0}
	for n := r.number(); n > 0 && !r.short; n-- {
		keys = append(keys, r.fixed())
	}
	if p.Drawn = version == withDraws; p.Drawn {
		for n := r.number(); n > 0 && !r.short; n-- {
			in := r.number()
			if in >= uint64(len(keys)) {
				return nil, errToken
			}
			d := Draw{In: keys[in], Step: int(r.number()), Nth: int(r.number()), Chosen: int(r.number())}
			if d.Chosen <= 0 {
				return nil, errToken
			}
			p.Draws = append(p.Draws, d)
		}
	}
	for len(r.b) > 0 {
		from, step, to := r.number(), r.number(), r.number()
		if from >= uint64(len(keys)) || to >= uint64(len(keys)) {
			return nil, errToken
		}
		p.Switches = append(p.Switches, Switch{After: keys[from], Step: int(step), To: keys[to]})
	}
	if r.short {
		return nil, errToken
	}
	return p, nil
}

// A reader takes numbers from bytes.
type reader struct {
	b     []byte
	short bool // there were not enough
}

func (r *reader) take(n int) []byte {
	if n <= 0 || n > len(r.b) {
		r.b, r.short = nil, true
		return make([]byte, 8)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte    { return r.take(1)[0] }
func (r *reader) fixed() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(n)
	return v
}
