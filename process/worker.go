package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
)

// workerEnv marks a process as a worker.
const workerEnv = "ANYIO_WORKER_PROCESS"

// prepared is set by WorkerMain.
var prepared atomic.Bool

// WorkerMain serves calls in a worker process, which is this program, started again,
// and does not return there. It must be the first thing that main calls in programs
// that call functions in worker processes, and TestMain in packages whose tests do. In
// any other process it does nothing but remember that it was called. Functions must be
// registered before it, best by package variables.
func WorkerMain() {
	prepared.Store(true)
	if os.Getenv(workerEnv) == "" {
		return
	}
	_ = os.Unsetenv(workerEnv) // what the worker starts is no worker
	// Ctrl-C reaches all; the parent decides. It is caught and not ignored, for what
	// the worker starts would ignore it too.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	in, out, err := workerChannels() // what is printed cannot get into them
	if err == nil {
		err = serve(in, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "process: worker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve answers requests. It returns when it cannot go on; if all is well the
// process ends when the parent closes the channel or is gone.
func serve(in io.Reader, out io.Writer) error {
	c := newCodec()
	write := func(frame []byte) {
		if _, err := out.Write(frame); err != nil {
			os.Exit(0) // nobody waits for the answer
		}
	}
	send := func(values ...any) error {
		frame, err := c.encode(values...)
		if err == nil {
			write(frame)
		}
		return err
	}
	if err := send(answer{Ready: true}); err != nil {
		return err
	}
	for body := range requests(in) {
		if len(body) == 0 {
			c = newCodec()
			continue
		}
		c.load(body)
		var r request
		if err := c.decode(&r); err != nil {
			return err
		}
		f := lookup(r.Function)
		if f == nil {
			// The argument cannot be read, and the codec not be used again.
			return send(answer{Refused: "the worker knows no function of this name: register it before WorkerMain is called, best by a package variable"})
		}
		err := f.answer(c, r.Carried, send)
		if bad, ok := errors.AsType[*encodeError](err); ok {
			c = newCodec()
			write(anew)
			err = send(*unsendable(r.Function, bad))
		}
		if bad, ok := errors.AsType[*decodeError](err); ok {
			return send(answer{Refused: fmt.Sprintf("the worker cannot read the argument: %v: register its types with gob before WorkerMain is called", bad)})
		}
		if err != nil {
			return err
		}
		c = c.next()
	}
	return nil
}

// requests reads the bodies of frames; the channel is never closed. When the parent
// is gone the process ends, whatever it does.
func requests(in io.Reader) <-chan []byte {
	bodies := make(chan []byte)
	go func() {
		r := bufio.NewReader(in)
		for {
			var header [frameHeader]byte
			if _, err := io.ReadFull(r, header[:]); err != nil {
				os.Exit(0)
			}
			n, err := bodyLength(header[:])
			if err != nil {
				fmt.Fprintln(os.Stderr, "process: worker:", err)
				os.Exit(1)
			}
			body := make([]byte, n)
			if _, err := io.ReadFull(r, body); err != nil {
				os.Exit(0)
			}
			bodies <- body
		}
	}()
	return bodies
}

// failure describes the error of a function, or the value of its panic.
func failure(err error, panicked any) answer {
	if panicked != nil {
		return answer{Failed: true, Text: fmt.Sprint(panicked), Type: fmt.Sprintf("%T", panicked), Stack: string(debug.Stack())}
	}
	return answer{Failed: true, Text: err.Error(), Type: fmt.Sprintf("%T", err), Err: sendable(err), Is: sentinelsOf(err)}
}

// invoke calls a function, on a goroutine that it may exit and with a context of no
// run; failed is nil if it returned without an error.
func invoke[In, Out any](f func(context.Context, In) (Out, error), arg In, carried map[string]string) (out Out, failed *answer) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		returned := false // and was its error looked at
		defer func() {
			if returned {
				return
			}
			v := recover()
			if v == nil {
				v = "the function called runtime.Goexit"
			}
			a := failure(nil, v)
			failed = &a
		}()
		var err error
		out, err = f(extracted(context.Background(), carried), arg)
		if err != nil {
			a := failure(err, nil) // calls methods of err, which may panic
			failed = &a
		}
		returned = true
	}()
	<-done
	return out, failed
}
