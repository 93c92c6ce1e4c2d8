package kernel

import "sync"

// An Op names what a waiter waits for, for people: "Event.Wait". It is a small
// number so that it fits into the waiter's word and is read without a race.
type Op uint16

const maxOp = 1 << 13

var ops struct {
	sync.RWMutex
	names   []string
	index   map[string]Op
	passive map[Op]bool
}

// RegisterOp gives a name its number. It is meant for package variables; past
// 8,191 names the last one stands for all further ones.
func RegisterOp(name string) Op {
	ops.Lock()
	defer ops.Unlock()
	if op, ok := ops.index[name]; ok {
		return op
	}
	if ops.index == nil {
		ops.index = make(map[string]Op)
		ops.names = append(ops.names, "")
	}
	if len(ops.names) == maxOp {
		return maxOp - 1
	}
	op := Op(len(ops.names))
	ops.names = append(ops.names, name)
	ops.index[name] = op
	return op
}

// RegisterPassiveOp is RegisterOp for a wait for time to pass, for a cancellation, or
// for the end of tasks. Who waits so for ever is no sign of a deadlock: the others
// whose end is waited for may be.
func RegisterPassiveOp(name string) Op {
	op := RegisterOp(name)
	ops.Lock()
	defer ops.Unlock()
	if ops.passive == nil {
		ops.passive = make(map[Op]bool)
	}
	ops.passive[op] = true
	return op
}

// Passive reports whether RegisterPassiveOp has made it.
func (op Op) Passive() bool {
	ops.RLock()
	defer ops.RUnlock()
	return ops.passive[op]
}

func (op Op) String() string {
	ops.RLock()
	defer ops.RUnlock()
	if int(op) >= len(ops.names) {
		return ""
	}
	return ops.names[op]
}
