package kernel

import "github.com/anyio-go/anyio/internal/quiet"

// An Op names what a waiter waits for, for people: "Event.Wait". It is a small
// number so that it fits into the waiter's word and is read without a race.
type Op uint16

const maxOp = 1 << 13

type opInfo struct {
	name    string
	passive bool
}

var ops = struct {
	quiet.RWMutex
	infos []opInfo
}{infos: make([]opInfo, 1, 128)} // the first has no name

// RegisterOp gives a name its number. It is meant for package variables; past
// 8,191 names the last one stands for all further ones.
//
//go:norace
func RegisterOp(name string) Op { return register(name, false) }

// RegisterPassiveOp is RegisterOp for a wait for time to pass, for a cancellation, or
// for the end of tasks. Who waits so forever is no sign of a deadlock: the others
// whose end is waited for may be.
//
//go:norace
func RegisterPassiveOp(name string) Op { return register(name, true) }

//go:norace
func register(name string, passive bool) Op {
	ops.Lock()
	defer ops.Unlock()
	n := len(ops.infos)
	for i := range n { // a map would be seen by the race detector
		if ops.infos[i].name == name {
			ops.infos[i].passive = ops.infos[i].passive || passive
			return Op(i)
		}
	}
	if n == maxOp {
		return maxOp - 1
	}
	ops.infos = append(ops.infos, opInfo{name, passive})
	return Op(n)
}

// info describes an operation.
//
//go:norace
func (op Op) info() opInfo {
	ops.RLock()
	defer ops.RUnlock()
	if int(op) >= len(ops.infos) {
		return opInfo{}
	}
	return ops.infos[op]
}

// Passive reports whether RegisterPassiveOp has made it.
//
//go:norace
func (op Op) Passive() bool { return op.info().passive }

//go:norace
func (op Op) String() string { return op.info().name }
