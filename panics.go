package anyio

import (
	"errors"
	"strings"

	"github.com/anyio-go/anyio/internal/errgraph"
)

// panics are the panics that an error tells of already. What a group's body and tasks
// return may tell of a panic that the group raises: they got it from Start, Await, a
// handle's Err, or as the cause of their cancellation.
type panics map[any]bool

// toldOnce is err in which no panic is told twice.
func toldOnce(err error) error {
	if err == nil || !errgraph.Finite(err) || !hasPanic(err) {
		return err
	}
	return panics{}.once(err)
}

// once returns err without the panics that were told, and adds those in it. It is err
// itself if there is nothing to leave out, nil if nothing is left.
func (told panics) once(err error) error {
	if err == nil || !errgraph.Finite(err) || !hasPanic(err) {
		return err
	}
	var left []*PanicError
	return told.without(err, &left)
}

// hasPanic reports whether a finite error tells of a panic.
func hasPanic(err error) bool {
	if _, ok := err.(*PanicError); ok {
		return true
	}
	for _, inner := range errgraph.Inside(err) {
		if inner != nil && hasPanic(inner) {
			return true
		}
	}
	return false
}

// without is once of a finite error. It notes in left what it leaves out.
func (told panics) without(err error, left *[]*PanicError) error {
	if p, ok := err.(*PanicError); ok {
		if told[p.panic()] {
			*left = append(*left, p)
			return nil
		}
		told[p.panic()] = true
	}
	inside := errgraph.Inside(err)
	kept := make([]error, len(inside))
	changed := false
	var mine []*PanicError
	for i, inner := range inside {
		if inner == nil {
			continue
		}
		kept[i] = told.without(inner, &mine)
		changed = changed || kept[i] != inner
	}
	if !changed {
		return err
	}
	*left = append(*left, mine...)
	switch e := err.(type) {
	case *GroupError:
		g := &GroupError{cut: e.cut}
		for i, k := range kept {
			if k != nil {
				g.add(k, e.names[i])
			}
		}
		if g.Len() == 0 {
			return nil
		}
		return g
	case *PanicError:
		p := *e
		if value, ok := e.Value.(error); ok {
			if p.Value = kept[0]; kept[0] == nil {
				p.Value = textWithout(value, mine)
			}
			kept = kept[1:]
		}
		if e.Group != nil {
			p.Group = kept[0]
		}
		return &p
	case *TaskError:
		if kept[0] == nil {
			return nil // the panic itself says which task
		}
		return &TaskError{Task: e.Task, Err: kept[0], Canceled: e.Canceled}
	}
	if isJoin(err) {
		return errors.Join(kept...)
	}
	return &partError{text: textWithout(err, mine).Error(), inside: kept}
}

// A partError stands for an error that cannot be made anew, without the panics in it
// that are told elsewhere.
type partError struct {
	text   string
	inside []error
}

func (e *partError) Error() string { return e.text }

func (e *partError) Unwrap() []error { return errgraph.Within(e, e.inside...) }

// textWithout is err's text with the panics in it named only.
func textWithout(err error, left []*PanicError) error {
	text := errgraph.Say(err)
	for _, p := range left {
		text = strings.ReplaceAll(text, p.Error(), p.short())
	}
	return &partError{text: text}
}
