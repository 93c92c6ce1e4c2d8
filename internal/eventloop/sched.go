// Package eventloop is the backend that runs all tasks of a run on one thread,
// as coroutines, in the order in which they become ready.
package eventloop

import (
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/realworld"
)

const (
	// budget is how many operations that need not wait a task may do in a row, as
	// Tokio's cooperative budget.
	budget = 128
	// stride makes the clock cost 4 % of a switch between tasks that run for nothing.
	stride = 16
)

// Backend is the loop of one run, and the poller that tells it of descriptors.
type Backend struct {
	*loop.Loop
	realworld.World
	clock   *clock
	network *network
}

// New makes the backend of one run. Other goroutines may ask it who they are as soon
// as it is registered, without having been told of it.
//
//go:norace
func New() (*Backend, error) {
	c, err := newClock()
	if err != nil {
		return nil, err
	}
	b := &Backend{clock: c, Loop: loop.New(loop.Params{
		Name: "eventloop", Order: &kernel.ReadyQueue{}, Clock: c, Budget: budget, Stride: stride, Trims: true, Prompts: true, Looks: true, Rand: rand.IntN,
	})}
	b.network = newNetwork(b)
	c.network = b.network
	return b, nil
}

// Main runs the loop on a goroutine of its own, which may lend it. Who calls may be
// locked to a thread, where nobody else could resume the loop's coroutines.
func (b *Backend) Main(t *kernel.Task) error {
	return (<-loop.Apart("the event loop", func() error { return b.Loop.Main(t) })).Result()
}

// InPlace is false: what blocks would hold up the loop.
func (b *Backend) InPlace(detach bool) bool { return false }

// Alarm is time.AfterFunc: the loop's timers may wait for a task.
func (b *Backend) Alarm(after time.Duration, f func()) *time.Timer { return time.AfterFunc(after, f) }

var _ kernel.Backend = (*Backend)(nil)

// Register makes the loop tell r when fd becomes ready, until Unregister. Only
// tasks of the loop may call it. The socket layer is built on it.
func (b *Backend) Register(fd int, r Ready) (*poll.Desc, error) {
	b.network.attend() // an earlier owner of the number may still be known
	return b.register(fd, r)
}

func (b *Backend) register(fd int, r Ready) (*poll.Desc, error) {
	if !race.Enabled {
		return b.clock.poller.Register(fd, r)
	}
	reg := &registration{r}
	race.ReleaseMerge(unsafe.Pointer(reg))
	return b.clock.poller.Register(fd, reg)
}

// Unregister ends what Register began. Only tasks of the loop may call it.
func (b *Backend) Unregister(d *poll.Desc) error { return b.clock.poller.Unregister(d) }

// A registration is where the race detector sees Register happen before Ready. There is
// none where there is no detector.
type registration struct{ r Ready }
