package anyio

import (
	"fmt"
	"io"
	"strings"
)

// A GroupError holds every error of a task group: the body's first, then those
// of the tasks in the order in which they ended. A group with one error returns
// a GroupError, too. errors.Is, errors.As and errors.AsType look inside. [TG-03] [EX-21]
//
// Error is one line; the %+v verb prints the tree with the tasks' names.
type GroupError struct {
	errs  []error
	names []string // of the tasks, "" for the body
}

func (e *GroupError) add(err error, name string) {
	e.errs = append(e.errs, err)
	e.names = append(e.names, name)
}

// Unwrap returns the errors, for package errors. Do not modify the slice.
func (e *GroupError) Unwrap() []error { return e.errs }

// Len is the number of errors, those inside nested groups not counted.
func (e *GroupError) Len() int { return len(e.errs) }

// At is the i-th error and the name of the task that returned it, "" for the
// group's own body.
func (e *GroupError) At(i int) (task string, err error) { return e.names[i], e.errs[i] }

func (e *GroupError) Error() string {
	if len(e.errs) == 1 {
		return e.line(0)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "anyio: %d errors in task group: ", len(e.errs))
	for i := range e.errs {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.line(i))
	}
	return b.String()
}

func (e *GroupError) line(i int) string {
	if e.names[i] == "" {
		return e.errs[i].Error()
	}
	return e.names[i] + ": " + e.errs[i].Error()
}

// Format prints one line or, for %+v, one line for each error, indented like the
// groups are nested.
func (e *GroupError) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('+') {
		e.tree(f, "")
		return
	}
	_, _ = io.WriteString(f, e.Error())
}

func (e *GroupError) tree(w io.Writer, indent string) {
	fmt.Fprintf(w, "%d error(s) in task group", len(e.errs))
	for i, err := range e.errs {
		name := e.names[i]
		if name == "" {
			name = "(body)"
		}
		fmt.Fprintf(w, "\n%s  %s: ", indent, name)
		if g, ok := err.(*GroupError); ok {
			g.tree(w, indent+"  ")
		} else {
			_, _ = io.WriteString(w, strings.ReplaceAll(err.Error(), "\n", "\n"+indent+"    "))
		}
	}
}

// Split divides the tree in two: the leaves for which match holds, and the rest.
// Each keeps the nesting; nil stands for an empty half.
func (e *GroupError) Split(match func(error) bool) (matched, rest *GroupError) {
	in, out := &GroupError{}, &GroupError{}
	for i, err := range e.errs {
		if g, ok := err.(*GroupError); ok {
			m, r := g.Split(match)
			if m != nil {
				in.add(m, e.names[i])
			}
			if r != nil {
				out.add(r, e.names[i])
			}
		} else if match(err) {
			in.add(err, e.names[i])
		} else {
			out.add(err, e.names[i])
		}
	}
	return in.orNil(), out.orNil()
}

func (e *GroupError) orNil() *GroupError {
	if len(e.errs) == 0 {
		return nil
	}
	return e
}
