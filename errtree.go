package anyio

import (
	"context"
	"errors"
)

// isCancellation reports whether err, alone or at the end of a chain of wraps, is
// a cancellation. The errors that only report one elsewhere — a timeout, another
// task's fate — are not.
func isCancellation(err error) bool {
	for err != nil {
		switch e := err.(type) {
		case *CanceledError:
			return true
		case *TimeoutError, *TaskFailedError, *FutureFailedError:
			return false
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, sub := range e.Unwrap() {
				if !isCancellation(sub) {
					return false
				}
			}
			return len(e.Unwrap()) > 0
		default:
			return err == context.Canceled || err == context.DeadlineExceeded || err == ErrCanceled
		}
	}
	return false
}

// strip removes the cancellations from an error of code in a canceled scope: all
// of it (nil), some leaves of a group or of errors.Join, or nothing. [CA-02]
func strip(err error) (rest error, stripped bool) {
	if err == nil {
		return nil, false
	}
	if isCancellation(err) {
		return nil, true
	}
	switch e := err.(type) {
	case *GroupError:
		kept := &GroupError{}
		for i, sub := range e.errs {
			r, s := strip(sub)
			stripped = stripped || s
			if r != nil {
				kept.add(r, e.names[i])
			}
		}
		if !stripped {
			return err, false
		}
		return kept, true
	case interface{ Unwrap() []error }:
		if _, wraps := err.(interface{ Is(error) bool }); wraps || !isJoin(err) {
			return err, false
		}
		var kept []error
		for _, sub := range e.Unwrap() {
			r, s := strip(sub)
			stripped = stripped || s
			if r != nil {
				kept = append(kept, r)
			}
		}
		if !stripped {
			return err, false
		}
		return errors.Join(kept...), true
	}
	return err, false
}

// isJoin reports whether err was made by errors.Join, and so can be made anew.
func isJoin(err error) bool {
	j, ok := err.(interface{ Unwrap() []error })
	return ok && errors.Join(j.Unwrap()...).Error() == err.Error()
}
