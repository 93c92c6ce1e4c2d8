// Package inside is what packages of this module see of package anyio that its users do
// not. Package anyio fills it; the types are its own, which cannot be named here.
package inside

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

var (
	// Group is the group of an *anyio.TaskGroup.
	Group func(taskGroup any) *kernel.Group
	// GroupOfRun is a func(*kernel.Run) *anyio.TaskGroup: a group that belongs to the run
	// and to no scope of who opens it, to be ended by the last of those who share it.
	GroupOfRun any
	// Task is the task of an *anyio.TaskHandle.
	Task func(handle any) *kernel.Task
	// Meta is what tasks with options have, an []anyio.TaskOption.
	Meta func(options any) *kernel.TaskMeta
	// OptionOf is a func(*kernel.TaskMeta) anyio.TaskOption: several options that allocate
	// nothing per task.
	OptionOf any
	// FutureDone is what opens when an *anyio.Future of any type is done.
	FutureDone func(future any) *kernel.Latch
	// NewCase is a func(kernel.Case) anyio.Case.
	NewCase any
	// GuestOf adds to the options of a run, an []anyio.RunOption, that its event loop is
	// the guest of a foreign loop: see loop.Host.
	GuestOf func(options any, post, postHere func(f func()), burst time.Duration) (all any, err error)
	// Strip removes the cancellations from the error of code in a canceled scope.
	Strip func(err error) (rest error)
	// NewGroupError makes an *anyio.GroupError of errors and the names of their tasks.
	NewGroupError func(errs []error, names []string) error
	// OwnCall is an anyio.BlockingOption, for functions that call nobody else's: see
	// kernel.WakingJob.
	OwnCall any
	// OnThread is a func(*anyio.CapacityLimiter, func(func()) bool) anyio.BlockingOption,
	// for functions that run on the threads of a pool: the second parameter runs one, or
	// tells that the pool is closed.
	OnThread any
	// TakeConns is filled by package socket. It takes the backend's sockets out of one of
	// that package, of any type, whose Close does nothing then: they belong to the
	// caller. The error is anyio.ErrClosed if it was, or what refuses returns for one of
	// them; then none is taken. None are returned for what is no socket.
	TakeConns func(socket any, refuses func(c kernel.Conn) error) ([]kernel.Conn, error)
	// Raw is filled by package socket: the calls on the descriptor of one of its streams, nil
	// if what it is given has none. Many programs have no sockets.
	Raw = func(s any) RawStream { return nil }
	// RegisterCancellation has isCanceled asked whether an error is a cancellation.
	RegisterCancellation func(isCanceled func(err error) bool)
)

// A RawStream makes calls on the descriptor of a socket, by the rules of Receive and Send
// and with their errors: see kernel.RawStream.
type RawStream interface {
	ReceiveRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error)
	SendRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error)
}

// Touch tells that the calling task's step depends on an object or changes it; see
// kernel.Touch.
func Touch(object any) { kernel.Touch(object, kernel.Changes) }
