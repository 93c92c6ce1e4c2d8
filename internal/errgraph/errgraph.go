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
