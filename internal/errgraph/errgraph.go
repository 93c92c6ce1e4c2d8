// Package errgraph keeps walks over errors finite. Errors are made of errors that
// others made, and may be changed afterwards, so that one may come to contain
// itself: directly, through wrappers of users, or through other errors of ours.
// Package errors follows Unwrap forever then, and Error calls itself until the stack
// is full, which no recover survives. One that holds others twice, which hold others
// twice, and so on, has an end that nobody lives to see.
//
// A type of error that holds others registers, gives them out by Within, and writes
// its text in Text.
package errgraph

import "reflect"

// holders tell, by type, what an error holds: all of it, also what Unwrap leaves out.
var holders = map[reflect.Type]func(error) []error{}

// Register tells how to look into errors of type E. Call it at initialization. It
// returns nothing of use, so that it can stand in a variable declaration.
func Register[E interface {
	error
	comparable
}](held func(E) []error) struct{} {
	holders[reflect.TypeFor[E]()] = func(err error) []error {
		var none E
		if e := err.(E); e != none { // a nil pointer holds nothing
			return held(e)
		}
		return nil
	}
	return struct{}{}
}

// Inside are the errors that err holds, nil if none.
func Inside(err error) []error {
	if held, ok := holders[reflect.TypeOf(err)]; ok {
		return held(err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// Within is what Unwrap of parent returns for the errors in it: those from which no
// walk goes on forever or comes back to parent. It returns the slice itself if that
// is all of them.
func Within(parent error, inside ...error) []error {
	for i, err := range inside {
		if err != nil && ends(parent, err) {
			continue
		}
		kept := append([]error(nil), inside[:i]...)
		for _, err := range inside[i+1:] {
			if err != nil && ends(parent, err) {
				kept = append(kept, err)
			}
		}
		return kept
	}
	return inside
}

// One is Within of one error.
func One(parent, inside error) error {
	if inside == nil || !ends(parent, inside) {
		return nil
	}
	return inside
}

// Finite reports whether a walk over err ends, in a time that somebody can wait for.
func Finite(err error) bool { return ends(nil, err) }

const (
	// maxSize is how many errors a walk visits at most that follows every path, as
	// package errors does. Errors that share others may make more paths than anybody
	// can follow: a chain of 60 in which each holds the next one twice has 2^60.
	maxSize    = 1 << 20
	few        = 1 << 12 // so many are visited without notes of where the walk has been
	maxDepth   = 10_000  // what is deeper makes ever new errors
	maxUnnamed = 10_000  // the same for errors that cannot be told apart
)

// ends reports whether a walk over err ends and does not come to parent.
func ends(parent, err error) bool {
	if left := few; endsSoon(err, &left, 0) {
		return true
	}
	w := walk{sizes: map[any]int{}}
	if parent != nil {
		w.sizes[nameOf(parent)] = open
	}
	_, ok := w.over(err, 0)
	return ok
}

// endsSoon reports whether a walk over err ends after a few errors.
func endsSoon(err error, left *int, depth int) bool {
	if *left--; *left < 0 || depth > maxDepth {
		return false
	}
	if _, held := holders[reflect.TypeOf(err)]; !held {
		if e, ok := err.(interface{ Unwrap() error }); ok {
			inner := e.Unwrap()
			return inner == nil || endsSoon(inner, left, depth+1)
		}
	}
	for _, inner := range Inside(err) {
		if inner != nil && !endsSoon(inner, left, depth+1) {
			return false
		}
	}
	return true
}

// A walk visits each error once, and counts how often one that follows every path would.
type walk struct {
	sizes   map[any]int // open while the walk is inside the error
	unnamed int
}

const open = -1

func (w *walk) over(err error, depth int) (size int, ends bool) {
	inside := Inside(err)
	if len(inside) == 0 {
		return 1, w.sizes[nameOf(err)] != open
	}
	if depth > maxDepth {
		return 0, false
	}
	name := nameOf(err)
	if name != nil {
		if size, known := w.sizes[name]; known {
			return size, size != open
		}
		w.sizes[name] = open
	} else if w.unnamed++; w.unnamed > maxUnnamed {
		return 0, false
	}
	size = 1
	for _, e := range inside {
		if e == nil {
			continue
		}
		n, ends := w.over(e, depth+1)
		if size += n; !ends || size > maxSize {
			return 0, false
		}
	}
	if name != nil {
		w.sizes[name] = size
	}
	return size, true
}

// A place is the identity of what has no equality, such as a slice.
type place struct {
	t reflect.Type
	p uintptr
	n int
}

// nameOf is what tells err from other errors, nil if nothing does.
func nameOf(err error) any {
	v := reflect.ValueOf(err)
	switch {
	case !v.IsValid():
		return nil
	case v.Comparable():
		return err
	case v.Kind() == reflect.Slice:
		return place{v.Type(), v.Pointer(), v.Len()}
	case v.Kind() == reflect.Map || v.Kind() == reflect.Func:
		return place{v.Type(), v.Pointer(), 0}
	}
	return nil
}
