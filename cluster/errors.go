package cluster

import (
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
)

var (
	// ErrBusy is returned by a call with NoWait if all workers that could take it are busy.
	ErrBusy = errors.New("cluster: all workers are busy")
	// ErrNoWorker is matched by a *NoWorkerError.
	ErrNoWorker = errors.New("cluster: no worker knows the function")
)

// A NoWorkerError is returned by a call that no worker there can serve.
type NoWorkerError struct {
	Function string
	Types    string   // of the argument and the result, as the caller has them
	Labels   []string // that the call asks for
	Workers  []string // why each worker there does not serve it
}

func (e *NoWorkerError) Error() string {
	s := fmt.Sprintf("cluster: no worker for %q, %s", e.Function, e.Types)
	if len(e.Labels) > 0 {
		s += fmt.Sprintf(", with labels %q", e.Labels)
	}
	if len(e.Workers) == 0 {
		return s + ": there is none at all"
	}
	for i, w := range e.Workers {
		if i == 5 {
			return s + fmt.Sprintf("; and %d more", len(e.Workers)-i)
		}
		s += "; " + w
	}
	return s
}

// Is reports whether target is ErrNoWorker.
func (e *NoWorkerError) Is(target error) bool { return target == ErrNoWorker }

// A RefusedError is returned by a call that a worker did not make.
type RefusedError struct {
	Function, Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("cluster: the worker did not call %q: %s", e.Function, e.Reason)
}

var (
	// ErrNoJob is matched by the error of what asks for a job that was never submitted, or
	// whose result is not kept any more.
	ErrNoJob = errors.New("cluster: there is no such job, and no result of it")
	// ErrJobCanceled is matched by the error of a job that Cancel has ended.
	ErrJobCanceled = errors.New("cluster: the job was canceled")
)

// A DeadJobError is returned for a job whose attempts are used up. It is a dead letter, see
// Conn.DeadLetters.
type DeadJobError struct {
	ID, Function string
	Attempts     int    // how many there were
	Reason       string // why the last one did not end it, or how that begins
	Cause        error  // what it has returned: a *process.RemoteError, or nil
}

func (e *DeadJobError) Error() string {
	return fmt.Sprintf("cluster: job %s was given up after %d attempts; the last one: %s", e.ID, e.Attempts, e.Reason)
}

func (e *DeadJobError) Unwrap() error { return e.Cause }

// What has happened to a call when its worker is said to be broken.
var (
	errLost     = errors.New("it does not answer any more: its process, its machine or the network is gone")
	errUntaken  = errors.New("it may have taken the call, and has not said so")
	errForgot   = errors.New("it knows nothing of the call: its answer was lost")
	errStopping = errors.New("it has ended, and has canceled the call")
	errGivenUp  = errors.New("it has taken its caller for lost, and has canceled the call")
	errExpired  = errors.New("it has canceled the call at the deadline with which it was made")
)

func errClosed(what string) error { return fmt.Errorf("cluster: %s: %w", what, anyio.ErrClosed) }
