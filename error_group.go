package anyio

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/anyio-go/anyio/internal/errgraph"
)

// A GroupError holds every error of a task group: the body's first, then those
// of the tasks in the order in which they ended. A group with one error returns
// a GroupError, too. errors.Is, errors.As and errors.AsType look inside.
//
// Error is one line; the %+v verb prints the tree with the tasks' names.
type GroupError struct {
	errs  []error
	names []string // of the tasks, "" for the body
	// cut is set if a cancellation from outside cut the group short as well. Beside
	// errors it is left out, but the scope it belongs to must know.
	cut bool
}

func (e *GroupError) add(err error, name string) {
	e.errs = append(e.errs, err)
	e.names = append(e.names, name)
}

// Unwrap returns the errors, for package errors. Do not modify the slice. What leads
// back to the group itself is left out.
func (e *GroupError) Unwrap() []error { return errgraph.Within(e, e.errs...) }

var _ = errgraph.Register(func(e *GroupError) []error { return e.errs })

// Len returns the number of errors, those inside nested groups not counted.
func (e *GroupError) Len() int { return len(e.errs) }

// At returns the i-th error and the name of the task that returned it, "" for the
// group's own body.
func (e *GroupError) At(i int) (task string, err error) { return e.names[i], e.errs[i] }

func (e *GroupError) Error() string { return errgraph.Text(e, e.text) }

// Of more errors than this the line shows as many that differ.
const fewErrors = 5

func (e *GroupError) text() string {
	if len(e.errs) == 1 {
		return e.line(0, errgraph.Say(e.errs[0]))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "anyio: %d errors in task group: ", len(e.errs))
	if len(e.errs) <= fewErrors {
		for i, err := range e.errs {
			e.writeLine(&b, i, errgraph.Say(err))
		}
		return b.String()
	}
	type like struct {
		i    int // the first
		text string
		more int
	}
	var shown []like
	left := 0
next:
	for i, err := range e.errs {
		text := errgraph.Say(err)
		for k := range shown {
			if shown[k].text == text {
				shown[k].more++
				continue next
			}
		}
		if len(shown) < fewErrors {
			shown = append(shown, like{i: i, text: text})
		} else {
			left++
		}
	}
	for _, s := range shown {
		e.writeLine(&b, s.i, s.text)
		if s.more > 0 {
			fmt.Fprintf(&b, " (and %d more like it)", s.more)
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "; and %d more", left)
	}
	return b.String()
}

func (e *GroupError) writeLine(b *strings.Builder, i int, text string) {
	if i > 0 {
		b.WriteString("; ")
	}
	b.WriteString(e.line(i, text))
}

func (e *GroupError) line(i int, text string) string {
	if e.names[i] == "" {
		return text
	}
	return e.names[i] + ": " + text
}

// Format prints one line or, for %+v, one line for each error, indented like the
// groups are nested.
func (e *GroupError) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('+') {
		_, _ = io.WriteString(f, errgraph.Text(e, func() string {
			var b strings.Builder
			e.tree(&b, "")
			return b.String()
		}))
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
			switch {
			case indent == "" && !errgraph.Tellable(g):
				_, _ = io.WriteString(w, errgraph.Untold(g))
			case len(indent) >= 2*errgraph.Deepest:
				_, _ = io.WriteString(w, errgraph.Bottom(g))
			default:
				g.tree(w, indent+"  ")
			}
			continue
		}
		_, _ = io.WriteString(w, strings.ReplaceAll(errgraph.Say(err), "\n", "\n"+indent+"    "))
		if g := longGroup(err); g != nil {
			fmt.Fprintf(w, "\n%s    ", indent)
			g.tree(w, indent+"    ")
		}
	}
}

// longGroup is the group in a chain of wraps whose line does not show all, nil if
// there is none.
func longGroup(err error) *GroupError {
	if g, ok := errors.AsType[*GroupError](errgraph.One(nil, err)); ok && g.Len() > fewErrors {
		return g
	}
	return nil
}

// Split divides the tree in two: the leaves for which match holds, and the rest.
// Each keeps the nesting; nil stands for an empty half.
func (e *GroupError) Split(match func(error) bool) (matched, rest *GroupError) {
	in, out := &GroupError{cut: e.cut}, &GroupError{cut: e.cut}
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
