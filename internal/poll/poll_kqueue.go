//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package poll

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A kqueue source waits on a channel and has a watcher goroutine that tells it
// when an event is pending in the queue.
//
// The queue cannot be handed to Go's own poller as on Linux: that one asks for
// EVFILT_READ and EVFILT_WRITE of each descriptor, and every BSD refuses
// EVFILT_WRITE of a kqueue. So the watcher blocks a thread, in a second queue
// (alarm) that watches the first. Each park sets the alarm for one event, hence
// the watcher sleeps through whatever happens while the loop runs, and Wake and
// timeouts are as cheap as without descriptors.
type kqueue struct {
	table
	*bed
	wake  func()        // Poller.Wake
	queue int           // -1 before open and after close
	alarm int           // likewise; watches queue
	donec chan struct{} // closed when the watcher has ended

	events [batchSize]unix.Kevent_t
	next   int // events[next:got] are fetched and not yet reported
	got    int
}

// tellsEnds is false: EV_EOF tells of ends, but nothing of urgent data.
const tellsEnds = false

func newSource(p *Poller) source {
	return &kqueue{bed: p.bed, wake: p.Wake, queue: -1, alarm: -1}
}

// open implements source.
func (k *kqueue) open() error {
	if k.queue >= 0 {
		return nil
	}
	queue, err := newKqueue()
	if err != nil {
		return err
	}
	alarm, err := newKqueue()
	if err != nil {
		unix.Close(queue)
		return err
	}
	k.queue, k.alarm, k.donec = queue, alarm, make(chan struct{})
	go watch(alarm, k.wake, k.donec)
	return nil
}

func newKqueue() (int, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return -1, os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(fd)
	return fd, nil
}

// watch calls wake whenever the alarm goes off, until the timer set by close does.
func watch(alarm int, wake func(), donec chan struct{}) {
	defer close(donec)
	events := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(alarm, nil, events, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			panic("poll: the loop can no longer be woken: kevent: " + err.Error())
		case n == 1 && events[0].Filter == unix.EVFILT_TIMER:
			return
		case n == 1:
			wake()
		}
	}
}

// change makes one change to a queue. A timer is set to 1, a millisecond.
func change(queue, fd, filter, flags int) error {
	changes := make([]unix.Kevent_t, 1)
	unix.SetKevent(&changes[0], fd, filter, flags)
	if filter == unix.EVFILT_TIMER {
		changes[0].Data = 1
	}
	_, err := unix.Kevent(queue, changes, nil, nil)
	return os.NewSyscallError("kevent", err)
}

// add implements source. A direction which the system refuses, as it does for
// the end of a pipe whose other end is closed, is reported as ready, so that an
// attempt will tell why.
//
//go:norace
func (k *kqueue) add(d *Desc) error {
	if err := k.open(); err != nil {
		return err
	}
	if err := k.put(d); err != nil {
		return err
	}
	rerr := change(k.queue, d.fd, unix.EVFILT_READ, unix.EV_ADD|unix.EV_CLEAR)
	werr := change(k.queue, d.fd, unix.EVFILT_WRITE, unix.EV_ADD|unix.EV_CLEAR)
	if rerr != nil && werr != nil {
		k.drop(d)
		return rerr
	}
	d.Post(rerr != nil, werr != nil)
	return nil
}

// remove implements source.
//
//go:norace
func (k *kqueue) remove(d *Desc) error {
	k.drop(d)
	rerr := change(k.queue, d.fd, unix.EVFILT_READ, unix.EV_DELETE)
	werr := change(k.queue, d.fd, unix.EVFILT_WRITE, unix.EV_DELETE)
	if rerr != nil && werr != nil {
		return rerr
	}
	return nil
}

// mute implements source. What cannot be watched any more is reported, as by add.
//
//go:norace
func (k *kqueue) mute(d *Desc, mute bool) error {
	if mute {
		return change(k.queue, d.fd, unix.EVFILT_READ, unix.EV_DELETE)
	}
	if change(k.queue, d.fd, unix.EVFILT_READ, unix.EV_ADD|unix.EV_CLEAR) != nil {
		d.Post(true, false)
	}
	return nil
}

// fetch gets the next batch of events, unless one is still to be reported, and
// reports whether there is any.
//
//go:norace
func (k *kqueue) fetch() bool {
	if k.next < k.got {
		return true
	}
	n, err := unix.Kevent(k.queue, nil, k.events[:], &unix.Timespec{})
	if err != nil {
		n = 0
	}
	k.next, k.got = 0, n
	k.batch++
	return n > 0
}

// poll implements source. Each direction has an event of its own, also for a
// hang-up (EV_EOF); only an error has to be passed on to the other direction.
//
//go:norace
func (k *kqueue) poll(ready func(data any, readable, writable bool)) int {
	n := 0
	for range maxBatches {
		if !k.fetch() {
			break
		}
		full := k.got == batchSize
		for k.next < k.got {
			ev := &k.events[k.next]
			k.next++
			if d := k.find(int(ev.Ident)); d != nil {
				broken := ev.Flags&unix.EV_ERROR != 0 || ev.Flags&unix.EV_EOF != 0 && ev.Fflags != 0
				ready(d.data, broken || ev.Filter == unix.EVFILT_READ, broken || ev.Filter == unix.EVFILT_WRITE)
				n++
			}
		}
		if !full {
			break
		}
	}
	return n
}

// prepare implements parker. The alarm goes off at once if an event is pending.
//
//go:norace
func (k *kqueue) prepare(timeout time.Duration) {
	k.bed.prepare(timeout)
	if k.next < k.got || change(k.alarm, k.queue, unix.EVFILT_READ, unix.EV_ADD|unix.EV_ONESHOT) != nil {
		k.wake() // a loop that cannot be told of events must not park
	}
}

// close implements source. The watcher is ended by a timer because that is the
// one kind of event which every BSD has and which needs no descriptor.
func (k *kqueue) close() error {
	if k.queue < 0 {
		return nil
	}
	err := change(k.alarm, 0, unix.EVFILT_TIMER, unix.EV_ADD|unix.EV_ONESHOT)
	if err == nil {
		<-k.donec
	}
	for _, fd := range []int{k.alarm, k.queue} {
		if cerr := unix.Close(fd); err == nil {
			err = os.NewSyscallError("close", cerr)
		}
	}
	k.queue, k.alarm = -1, -1
	return err
}
