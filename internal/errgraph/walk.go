package errgraph

import "reflect"

const (
	// Errors that share others may make more paths than anybody could follow: a chain of
	// 60 in which each holds the next one twice has 2^60. So a walk that follows every
	// path, as package errors does, may come only so often to where it has been.
	maxRepeats = 1 << 16
	maxRetold  = 1 << 10 // a text even less often: somebody is to read it

	few        = 64     // so many are visited without notes of where the walk has been
	maxDepth   = 10_000 // what is deeper makes ever new errors
	maxUnnamed = 10_000 // the same for errors that cannot be told apart
)

// ends reports whether a walk over err ends and does not come to parent.
func ends(parent, err error) bool {
	v, left := known(), few
	if endsSoon(v, err, &left, 0) {
		return true
	}
	w := walk{sizes: map[any]int{}, repeats: maxRepeats}
	if parent != nil {
		w.sizes[nameOf(parent)] = open
	}
	size, ok := w.over(err, 0)
	if ok {
		w.remember(size)
	}
	return ok
}

// Tellable reports whether a text can tell err with all that is in it, wherever that is:
// hardly anything is told again.
func Tellable(err error) bool {
	if left := few; endsSoon(nil, err, &left, 0) {
		return true
	}
	w := walk{sizes: map[any]int{}, repeats: maxRetold}
	_, ok := w.over(err, 0)
	return ok
}

// endsSoon reports whether a walk over err ends after a few errors, or comes soon to what
// is known to end.
func endsSoon(v *verdict, err error, left *int, depth int) bool {
	if *left--; *left < 0 || depth > maxDepth {
		return false
	}
	if v != nil && v.ends(err) {
		return true
	}
	if _, held := holders[reflect.TypeOf(err)]; !held {
		if e, ok := err.(interface{ Unwrap() error }); ok {
			inner := e.Unwrap()
			return inner == nil || endsSoon(v, inner, left, depth+1)
		}
	}
	for _, inner := range Inside(err) {
		if inner != nil && !endsSoon(v, inner, left, depth+1) {
			return false
		}
	}
	return true
}

// A walk visits each error once, and counts how often one that follows every path would.
type walk struct {
	sizes   map[any]int // open while the walk is inside the error
	unnamed int
	visits  int // of those that hold nothing, each time is one
	repeats int // the most that there may be
}

const open = -1

func (w *walk) over(err error, depth int) (size int, ends bool) {
	inside := Inside(err)
	if len(inside) == 0 {
		w.visits++
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
	w.visits++
	size = 1
	for _, e := range inside {
		if e == nil {
			continue
		}
		n, ends := w.over(e, depth+1)
		if size += n; !ends || size-w.visits > w.repeats {
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
