package anyio

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/errgraph"
)

// A TimeoutError is returned by FailAfter, FailAt and Shielded when their deadline cut
// the body short. errors.Is matches ErrTimeout, context.DeadlineExceeded and
// os.ErrDeadlineExceeded, and with errors.As everything that the body's error matches,
// but no cancellation: that one is over.
type TimeoutError struct {
	Deadline time.Time
	After    time.Duration // as given to FailAfter; 0 for FailAt
	Err      error         // what the body returned; the error matches what it matches
}

func (e *TimeoutError) Error() string { return errgraph.Text(e, e.text) }

func (e *TimeoutError) text() string {
	text := "anyio: timeout: not done by " + e.Deadline.Format("15:04:05.000")
	if e.After != 0 {
		text = "anyio: timeout: not done within " + e.After.String()
	}
	if rest := e.rest(); rest != "" {
		text += ": " + rest
	}
	return text
}

// rest is what the body's error says besides that it was canceled.
func (e *TimeoutError) rest() string {
	err := errgraph.One(e, e.Err)
	if err == nil {
		return ""
	}
	if kept, _ := strip(err); kept != nil {
		err = kept
	}
	text := err.Error()
	for _, said := range canceledTexts(err, nil) {
		text = strings.NewReplacer(": "+said+"\n", ": ", said+"\n", "", "\n"+said, "", ": "+said, "", said, "").Replace(text)
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// canceledTexts are the texts of the cancellations in err.
func canceledTexts(err error, texts []string) []string {
	if _, ours := err.(*CanceledError); ours || isCanceledLeaf(err) {
		return append(texts, err.Error())
	}
	for _, inner := range errgraph.Inside(err) {
		if inner != nil {
			texts = canceledTexts(inner, texts)
		}
	}
	return texts
}

// Is matches ErrTimeout, context.DeadlineExceeded, os.ErrDeadlineExceeded, and what
// the body's error matches, but for cancellations.
func (e *TimeoutError) Is(target error) bool {
	switch target {
	case ErrTimeout, context.DeadlineExceeded, os.ErrDeadlineExceeded:
		return true
	case ErrCanceled, context.Canceled:
		return false
	}
	return errors.Is(errgraph.One(e, e.Err), target)
}

// As finds what the body's error is, but for a *CanceledError. There is no Unwrap, as
// package errors would find the cancellation by it.
func (e *TimeoutError) As(target any) bool {
	if _, ok := target.(**CanceledError); ok {
		return false
	}
	err := errgraph.One(e, e.Err)
	return err != nil && errors.As(err, target)
}

// Timeout returns true, as net.Error asks.
func (e *TimeoutError) Timeout() bool { return true }

var _ = errgraph.Register(func(e *TimeoutError) []error { return []error{e.Err} })
