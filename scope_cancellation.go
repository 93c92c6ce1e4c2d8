package anyio

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// IsCancellation reports whether err says nothing but that something was canceled. It is
// a *CanceledError, or another error that means the same: context.Canceled,
// context.DeadlineExceeded, what matches one of them without wrapping anything (as errors
// of package net do), or what a function given to lowlevel.RegisterCancellation has
// recognized. It may be wrapped, and several may be joined. An error that only tells of a
// cancellation elsewhere is not one: a *TimeoutError, a *TaskError, a *FutureError, a
// *PanicError.
//
// This is how a scope or group that is canceled tells its own cancellation from failures.
// In one that is not canceled, such an error is a failure like any other.
func IsCancellation(err error) bool {
	if _, ok := err.(*CanceledError); ok {
		return true
	}
	return err != nil && errgraph.Finite(err) && isCancellation(err)
}

// registerCancellation is that of package lowlevel.
func registerCancellation(is func(err error) bool) {
	foreignMu.Lock()
	defer foreignMu.Unlock()
	var all []func(error) bool
	if old := foreignCancellations.Load(); old != nil {
		all = append(all, *old...)
	}
	all = append(all, is)
	foreignCancellations.Store(&all)
}

var (
	foreignMu            sync.Mutex // serializes those who register
	foreignCancellations atomic.Pointer[[]func(error) bool]
)

// isCancellation is IsCancellation of an error that is finite.
func isCancellation(err error) bool {
	for at := err; at != nil; {
		switch e := at.(type) {
		case *CanceledError:
			return true
		case *TimeoutError, *TaskError, *FutureError, *PanicError:
			return false
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				at = inner
				continue
			}
			return isCanceledLeaf(at) || isForeignCancellation(err)
		case interface{ Unwrap() []error }: // a second check that it ends, at each level, would be one too many
			inside := errgraph.Inside(at)
			for _, sub := range inside {
				if !isCancellation(sub) {
					return false
				}
			}
			return len(inside) > 0
		default:
			return isCanceledLeaf(at) || isForeignCancellation(err)
		}
	}
	return false
}

// isCanceledLeaf reports whether an error that wraps nothing is a cancellation.
func isCanceledLeaf(err error) bool {
	if err == context.Canceled || err == context.DeadlineExceeded || err == ErrCanceled { //anyiovet:ignore errcmp an error that wraps nothing
		return true
	}
	e, ok := err.(interface{ Is(error) bool })
	return ok && !wraps(err) && (e.Is(context.Canceled) || e.Is(context.DeadlineExceeded))
}

func wraps(err error) bool { return len(errgraph.Inside(err)) > 0 }

// mostForeign is how many errors of a chain foreign functions are asked about. Most of
// these functions look into what an error wraps, and one that looked into 10,000 errors
// from each of them would take seconds.
const mostForeign = 100

// isForeignCancellation asks the registered functions about a chain of wraps.
func isForeignCancellation(err error) bool {
	all := foreignCancellations.Load()
	if all == nil {
		return false
	}
	for n := 0; err != nil && n < mostForeign; err, n = errors.Unwrap(err), n+1 {
		for _, is := range *all {
			if is(err) {
				return true
			}
		}
	}
	return false
}

// strip removes the cancellations from an error of code in a canceled scope: all of
// it (then rest is nil), leaves of a group or of errors.Join, or nothing. cut reports
// whether there was one at all, also where it cannot be removed: whether the
// cancellation cut something short.
func strip(err error) (rest error, cut bool) {
	switch e := err.(type) {
	case nil:
		return nil, false
	case *CanceledError:
		return stripFinite(e)
	default:
		if !errgraph.Finite(e) {
			return err, false
		}
	}
	return stripFinite(err)
}

// stripFinite is strip of an error that is finite. Each level is looked at once.
func stripFinite(err error) (rest error, cut bool) {
	switch e := err.(type) {
	case nil:
		return nil, false
	case *CanceledError:
		if e.kind == kernel.ByRequest {
			return err, false
		}
		return nil, true
	case *GroupError:
		kept := &GroupError{}
		cut = e.cut
		for i, sub := range e.errs {
			r, c := stripFinite(sub)
			cut = cut || c
			if r != nil {
				kept.add(r, e.names[i])
			}
		}
		switch {
		case !cut:
			return err, false
		case kept.Len() == 0 && e.Len() > 0:
			return nil, true
		}
		return kept, true
	case *TimeoutError, *TaskError, *FutureError, *PanicError:
		return err, false
	case interface{ Unwrap() error }:
		return stripWraps(err, e.Unwrap())
	case interface{ Unwrap() []error }:
		var kept []error
		all := true
		inside := errgraph.Inside(err)
		for _, sub := range inside {
			r, c := stripFinite(sub)
			cut, all = cut || c, all && c && r == nil
			if r != nil {
				kept = append(kept, r)
			}
		}
		switch {
		case all && len(inside) > 0:
			return nil, true
		case cut && isJoin(err):
			return errors.Join(kept...), true
		}
		return err, cut
	}
	return stripWraps(err, nil)
}

// stripWraps is stripFinite of a chain of wraps, or of a leaf.
func stripWraps(err, inner error) (rest error, cut bool) {
	leaf := err
	for inner != nil {
		leaf = inner
		switch e := inner.(type) {
		case *TimeoutError, *TaskError, *FutureError:
			return err, false
		case interface{ Unwrap() error }:
			inner = e.Unwrap()
			continue
		case *CanceledError, interface{ Unwrap() []error }:
			if rest, cut = stripFinite(inner); rest == nil {
				return nil, true
			}
			return err, cut
		}
		break
	}
	if isCanceledLeaf(leaf) || isForeignCancellation(err) {
		return nil, true
	}
	return err, false
}

// isRequest reports whether an error is the end that one task was asked for, and no scope:
// the cancellation of asyncio. Scopes and groups let it pass, and are no cause of it.
func isRequest(err error) bool {
	if e, ok := err.(*CanceledError); ok {
		return e.kind == kernel.ByRequest
	}
	if err == nil || !errgraph.Finite(err) {
		return false
	}
	for at := err; at != nil; at = errors.Unwrap(at) {
		switch e := at.(type) {
		case *CanceledError:
			return e.kind == kernel.ByRequest
		case *TimeoutError, *TaskError, *FutureError, *PanicError:
			return false
		}
	}
	return false
}

// isJoin reports whether err was made by errors.Join, and so can be made anew.
func isJoin(err error) bool { return reflect.TypeOf(err) == joinType }

var joinType = reflect.TypeOf(errors.Join(ErrClosed))
