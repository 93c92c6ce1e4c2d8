package anyioutils

import (
	"errors"
	"fmt"
	"strings"

	"github.com/anyio-go/anyio"
)

var (
	// ErrCanceled is matched by the error of what asks a canceled Future or Task for its
	// outcome. It is not a cancellation of the caller.
	ErrCanceled = errors.New("anyioutils: the future or task was canceled")
	// ErrInvalidState is matched by the error of what asks for an outcome that is not
	// there yet, and of what sets one that is there.
	ErrInvalidState = errors.New("anyioutils: invalid state")
	// ErrNoTaskGroup is returned where a task needs a group, the context has none, and
	// none is given with In. Use WithTaskGroup.
	ErrNoTaskGroup = errors.New("anyioutils: the context has no task group: call it within WithTaskGroup, or give a group with In")

	errPending = fmt.Errorf("%w: there is no outcome yet", ErrInvalidState)
	errOver    = fmt.Errorf("%w: there is an outcome already", ErrInvalidState)
)

// A CallbackError holds what done callbacks have returned, in the order in which they
// were called. It is never empty.
type CallbackError struct{ Errs []error }

func (e *CallbackError) Error() string {
	texts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		texts[i] = err.Error()
	}
	return "anyioutils: error while calling callbacks: " + strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (e *CallbackError) Unwrap() []error { return e.Errs }

func errNoCallback() error { return misuse("AddDoneCallback: the callback is nil") }

// neverRemoved takes back a callback that was refused.
func neverRemoved() bool { return false }

func misuse(text string) error { return &anyio.MisuseError{Text: "anyioutils: " + text} }
