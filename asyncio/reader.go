package asyncio

import (
	"errors"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A fdWatch calls a callback while a descriptor is ready in one direction.
type fdWatch struct {
	loop    *Loop
	file    kernel.TryFile
	f       func()
	turn    turn
	write   bool
	removed bool
}

// A fdKey is a direction of a descriptor.
type fdKey struct {
	fd    uintptr
	write bool
}

// AddReader lets the loop call f, again and again, while a descriptor is readable, in place
// of who was called before. The descriptor stays the caller's, who takes f back by
// RemoveReader before the descriptor is closed. Files that are always ready are refused by
// the system, and those that a transport uses are a *anyio.MisuseError. In a simulation and
// on Windows the error matches errors.ErrUnsupported.
func (l *Loop) AddReader(fd uintptr, f func()) error { return l.addWatch("AddReader", fd, f, false) }

// AddWriter does what AddReader does for a descriptor that is writable.
func (l *Loop) AddWriter(fd uintptr, f func()) error { return l.addWatch("AddWriter", fd, f, true) }

// RemoveReader ends what AddReader began and reports whether there was anything.
func (l *Loop) RemoveReader(fd uintptr) bool { return l.removeWatch("RemoveReader", fdKey{fd, false}) }

// RemoveWriter ends what AddWriter began and reports whether there was anything.
func (l *Loop) RemoveWriter(fd uintptr) bool { return l.removeWatch("RemoveWriter", fdKey{fd, true}) }

func (l *Loop) addWatch(op string, fd uintptr, f func(), write bool) error {
	l.use(op)
	if f == nil {
		panic(misuse("the callback is nil"))
	}
	key := fdKey{fd, write}
	if w := l.watches[key]; w != nil {
		w.f = f
		return nil
	}
	n, err := kernel.Try[kernel.TryNetwork](l.run.Network())
	if err != nil {
		return err
	}
	file, err := n.TryFile(fd, true)
	if errors.Is(err, syscall.EBUSY) {
		return misuse(op + " of a descriptor that a transport uses")
	}
	if err != nil {
		return err
	}
	w := &fdWatch{loop: l, file: file, f: f, write: write}
	w.turn.to = w
	file.Watch(w)
	if err := file.TryReady(write); err == nil {
		w.want()
	} else if err != kernel.ErrWouldBlock {
		_ = file.Close() // it was not used
		return err
	}
	if l.watches == nil {
		l.watches = make(map[fdKey]*fdWatch)
	}
	l.watches[key] = w
	return nil
}

func (l *Loop) removeWatch(op string, key fdKey) bool {
	l.use(op)
	w := l.watches[key]
	if w == nil {
		return false
	}
	delete(l.watches, key)
	w.removed = true
	_ = w.file.Close() // the descriptor stays
	return true
}

func (w *fdWatch) want() { w.turn.want(w.loop) }

// Readable implements kernel.Ready.
func (w *fdWatch) Readable() { w.want() }

// Writable implements kernel.Ready.
func (w *fdWatch) Writable() { w.want() }

// Called implements kernel.Callee. What the callback has done decides whether it is called
// again.
func (w *fdWatch) Called() {
	w.turn.begin()
	if w.removed {
		return
	}
	if err := w.file.TryReady(w.write); err == kernel.ErrWouldBlock {
		return
	}
	defer func() { // also if it exits the goroutine
		if !w.removed {
			w.want()
		}
	}()
	w.loop.invoke(nil, w.f)
}
