package process

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/remote"
)

// A Function is a function that can be called in worker processes. Make it with
// Register.
type Function[In, Out any] struct {
	name string
	f    func(ctx context.Context, in In) (Out, error)
}

// A callable is a Function of any types, as the worker sees it.
type callable interface {
	answer(c *codec, carried map[string]string, send func(...any) error) error
	remote() *remote.Function
}

var (
	functionsMu sync.Mutex
	functions   = map[string]callable{}
)

func lookup(name string) callable {
	functionsMu.Lock()
	defer functionsMu.Unlock()
	return functions[name]
}

// Register makes f callable in worker processes under a name, which must be the
// same there. It is meant for package variables:
//
//	var resize = process.Register("resize", func(ctx context.Context, img Image) (Image, error) { … })
//
// Arguments and results travel as gobs: exported fields of structs, no functions and
// channels, no value that contains itself; a type that cannot, a name that is empty or
// taken and a nil function panic with a *MisuseError. In the worker, ctx is
// context.Background(), with what Carry adds: the function is canceled by the end of its
// process.
func Register[In, Out any](name string, f func(ctx context.Context, in In) (Out, error)) *Function[In, Out] {
	if name == "" {
		panic(misuse("Register: the name is empty; it says which function a worker calls"))
	}
	if f == nil {
		panic(misuse("Register %q: the function is nil", name))
	}
	for _, t := range []reflect.Type{reflect.TypeFor[In](), reflect.TypeFor[Out]()} {
		if err := checkType(t); err != nil {
			panic(misuse("Register %q: values of %v cannot be sent to another process: %v", name, t, err))
		}
	}
	fn := &Function[In, Out]{name, f}
	functionsMu.Lock()
	defer functionsMu.Unlock()
	if functions[name] != nil {
		panic(misuse("Register %q: the name is taken; every function needs one of its own", name))
	}
	functions[name] = fn
	return fn
}

// checkType tells what is wrong with a type whose values can never be sent.
func checkType(t reflect.Type) error {
	if t == reflect.TypeFor[struct{}]() {
		return nil // see boxed
	}
	for t.Kind() == reflect.Pointer && !remote.EncodesItself(t) {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface || remote.EncodesItself(t) {
		return nil // it depends on the value
	}
	return gob.NewEncoder(io.Discard).EncodeValue(reflect.New(t))
}

// Name returns the name given to Register.
func (fn *Function[In, Out]) Name() string { return fn.name }

// boxed makes a value that gob takes of any value: it refuses empty structs and nil.
func boxed[T any](v *T) any {
	if reflect.TypeFor[T]() == reflect.TypeFor[struct{}]() {
		return &empty{}
	}
	return &box[T]{v}
}

type (
	box[T any] struct{ V *T }
	empty      struct{ Nothing bool }
)

// answer serves one request in the worker.
func (fn *Function[In, Out]) answer(c *codec, carried map[string]string, send func(...any) error) error {
	var in In
	if err := c.decode(boxed(&in)); err != nil {
		return err
	}
	out, failed := invoke(fn.f, in, carried)
	if failed != nil {
		return send(*failed)
	}
	return send(answer{}, boxed(&out))
}

// Call runs the function in a worker process of the run and returns what it returns. It
// takes a token of the limiter, then the worker that became idle last, or starts one. An
// error of the function is a *RemoteError; a worker that is ended, or whose answer makes
// no sense, gives a *BrokenWorkerError. An argument or a result that cannot be encoded
// gives an error with what package gob says of it, and costs no worker. In the simulator
// the function runs in this process, as one step that takes no time, with copies of its
// argument and result.
//
// Cancellation: the worker is killed. Before a worker was taken nothing has
// happened.
func (fn *Function[In, Out]) Call(ctx context.Context, in In, opts ...CallOption) (Out, error) {
	var out Out
	p, err := kernel.Enter(ctx)
	if err != nil {
		return out, err
	}
	here := p.Run().Admit(kernel.StartProcess) != nil // there can be no worker
	if !here && !prepared.Load() {
		return out, misuse("Call %q: main, or TestMain, must call process.WorkerMain first: a worker is this program, started again", fn.name)
	}
	o := callOptions{limiter: DefaultLimiter(ctx)}
	for _, opt := range opts {
		opt(&o)
	}
	me := new(byte)
	if err := o.limiter.AcquireOnBehalfOf(ctx, me); err != nil {
		return out, err
	}
	defer o.limiter.ReleaseOnBehalfOf(me)
	if here {
		return fn.callHere(ctx, in)
	}
	a, err := poolOf(p.Run()).call(ctx, fn.name, boxed(&in), boxed(&out))
	switch {
	case err != nil:
		var zero Out
		return zero, err
	case a.Failed:
		return out, a.errorOf(fn.name)
	}
	return out, nil
}

// callHere is Call in this process. The function gets a context as in a worker: with
// that of the run it would wait for the run, which waits for it.
func (fn *Function[In, Out]) callHere(ctx context.Context, in In) (out Out, err error) {
	var copied In
	if err := copyGob(boxed(&in), boxed(&copied)); err != nil {
		return out, fmt.Errorf("process: argument of %q: %w", fn.name, err)
	}
	result, failed := invoke(fn.f, copied, carriedOf(ctx))
	if failed != nil {
		return out, failed.errorOf(fn.name)
	}
	err = copyGob(boxed(&result), boxed(&out))
	if bad, ok := errors.AsType[*encodeError](err); ok {
		return out, unsendable(fn.name, bad).errorOf(fn.name)
	}
	return out, err
}

func copyGob(from, to any) error {
	c := newCodec()
	frame, err := c.encode(from)
	if err == nil {
		c.load(frame[frameHeader:])
		err = c.decode(to)
	}
	return err
}

// A CallOption is an option of Function.Call.
type CallOption func(*callOptions)

type callOptions struct{ limiter *anyio.CapacityLimiter }

// Limiter makes Call take its token from l and not from the run's default limiter.
func Limiter(l *anyio.CapacityLimiter) CallOption {
	return func(o *callOptions) { o.limiter = l }
}
