package process

import (
	"errors"
	"fmt"
	"strings"
)

// A BrokenWorkerError is returned by Call when a worker process did not answer: it
// was ended, or something else than an answer came from it. Whether the function
// ran is unknown. [PR-01]
type BrokenWorkerError struct {
	Function string
	Cause    error
}

func (e *BrokenWorkerError) Error() string {
	return fmt.Sprintf("process: the worker of %q is broken: %v", e.Function, e.Cause)
}

// Unwrap is the cause.
func (e *BrokenWorkerError) Unwrap() error { return e.Cause }

// A RemoteError is the error, or the panic, of a function that ran in a worker
// process. It matches what the function's error matches if that, or an error it
// wraps, has a type that is registered with gob. [PR-01]
type RemoteError struct {
	Function string
	Text     string // of the error, or of the value of the panic
	Type     string // of the same
	Stack    string // of the panic; "" for an error
	Err      error  // the error itself, nil if its type is not registered
}

func (e *RemoteError) Error() string {
	if e.Stack != "" {
		return fmt.Sprintf("process: panic in worker function %q: %s", e.Function, e.Text)
	}
	return e.Text
}

// Unwrap is the error that the function returned, as far as it could be sent.
func (e *RemoteError) Unwrap() error { return e.Err }

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
type request struct{ Function string }

// An answer tells how the call ended; the value follows it if it has no error.
type answer struct {
	Ready  bool // the worker is there: its first message, without a value
	Failed bool
	Last   bool // the worker ends
	Text   string
	Type   string
	Stack  string
	Chain  []wireError // what can be sent of the error, outermost first
}

// A wireError carries an error of a registered type.
type wireError struct{ Err error }

// sendable are the errors in the chain of err that gob can send.
func sendable(err error) (chain []wireError) {
	for e := err; e != nil; e = errors.Unwrap(e) {
		w := wireError{e}
		if _, err := newCodec().encode(w); err == nil {
			return []wireError{w}
		}
	}
	return nil
}

// errorOf makes the caller's error of an answer.
func (a *answer) errorOf(function string) error {
	e := &RemoteError{Function: function, Text: a.Text, Type: a.Type, Stack: a.Stack}
	if len(a.Chain) > 0 {
		e.Err = a.Chain[0].Err
	}
	return e
}
