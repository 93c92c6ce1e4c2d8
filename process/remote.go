package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/errgraph"
)

// A BrokenWorkerError is returned by Call when a worker process did not answer: it
// was ended, or something else than an answer came from it. Whether the function
// ran is unknown.
type BrokenWorkerError struct {
	Function string
	Cause    error
}

func (e *BrokenWorkerError) Error() string {
	return errgraph.Text(e, func() string {
		return fmt.Sprintf("process: the worker of %q is broken: %s", e.Function, errgraph.Say(e.Cause))
	})
}

// Unwrap returns the cause.
func (e *BrokenWorkerError) Unwrap() error { return errgraph.One(e, e.Cause) }

// A RemoteError is the error, or the panic, of a function that ran in a worker
// process. It matches, by errors.Is, the errors of package io and io/fs that the
// function's error matches: io.EOF, io.ErrUnexpectedEOF, io.ErrShortWrite,
// fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid, fs.ErrClosed, and
// os.ErrDeadlineExceeded and errors.ErrUnsupported; besides, by errors.Is and
// errors.As, the first error in its tree that gob can send, which needs a registered
// type with exported fields. Other sentinel errors cannot be told apart in another
// process. It never is a cancellation: nobody has canceled the caller.
type RemoteError struct {
	Function string
	Text     string // of the error, or of the value of the panic
	Type     string // of the same
	Stack    string // of the panic; "" for an error
	Err      error  // the error itself or one that it wraps, nil if gob can send none

	is []int // which of the sentinels it matches
}

func (e *RemoteError) Error() string {
	if e.Stack != "" {
		return fmt.Sprintf("process: panic in worker function %q: %s", e.Function, e.Text)
	}
	return e.Text
}

// Unwrap returns the error that the function returned, as far as it could be sent.
func (e *RemoteError) Unwrap() error { return errgraph.One(e, e.Err) }

var (
	_ = errgraph.Register(func(e *BrokenWorkerError) []error { return []error{e.Cause} })
	_ = errgraph.Register(func(e *RemoteError) []error { return []error{e.Err} })
)

// sentinels are the errors that both processes know. Nothing else is sent by number,
// so their order is free.
var sentinels = []error{
	io.EOF, io.ErrUnexpectedEOF, io.ErrShortWrite, fs.ErrNotExist, fs.ErrExist, fs.ErrPermission,
	fs.ErrInvalid, fs.ErrClosed, os.ErrDeadlineExceeded, errors.ErrUnsupported,
}

// sentinelsOf are the numbers of the sentinels that err matches.
func sentinelsOf(err error) (is []int) {
	for i, s := range sentinels {
		if errors.Is(err, s) {
			is = append(is, i)
		}
	}
	return is
}

// Is reports whether the function's error matched target, one of the errors that
// RemoteError names.
func (e *RemoteError) Is(target error) bool {
	i := slices.Index(sentinels, target)
	return i >= 0 && slices.Contains(e.is, i)
}

// Format writes the stack of a panic with %+v.
func (e *RemoteError) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprint(s, e.Error())
	if verb == 'v' && s.Flag('+') && e.Stack != "" {
		_, _ = fmt.Fprint(s, "\n\n", strings.TrimSpace(e.Stack))
	}
}

// unsendable is the answer of a function whose result cannot be encoded.
func unsendable(function string, err *encodeError) *answer {
	return &answer{Failed: true, Text: fmt.Sprintf("process: result of %q: %v", function, err), Type: fmt.Sprintf("%T", err.error)}
}

// A request asks a worker to call a function; the argument follows it.
type request struct {
	Function string
	Carried  map[string]string // see Carry
}

// An answer tells how the call ended; the value follows it if it has no error.
type answer struct {
	Ready   bool   // the worker is there: its first message, without a value
	Refused string // why the function was not called; the worker ends
	Failed  bool
	Text    string
	Type    string
	Stack   string
	Err     error // what can be sent of the error
	Is      []int // the numbers of the sentinels that it matches
}

// sendable is the first error in the tree of err that gob can send, nil if none.
// Cancellations are not sent: in the caller's scope they would count as its own.
func sendable(err error) error {
	if err == nil {
		return nil
	}
	if _, bad := newCodec().encode(answer{Err: err}); bad == nil && !errors.Is(err, context.Canceled) && !anyio.IsCancellation(err) {
		return err
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return sendable(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			if s := sendable(e); s != nil {
				return s
			}
		}
	}
	return nil
}

// errorOf makes the caller's error of an answer.
func (a *answer) errorOf(function string) error {
	return &RemoteError{Function: function, Text: a.Text, Type: a.Type, Stack: a.Stack, Err: a.Err, is: a.Is}
}
