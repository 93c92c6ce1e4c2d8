package process_test

import (
	"context"
	"encoding/gob"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/process"
)

// A node may contain itself in every way there is.
type node struct {
	Next  *node
	All   []*node
	Named map[string]*node
	Other any
	Kids  nested
}

type nested []nested

func init() { gob.Register(&node{}) }

// A ringError contains itself, and wraps an error that can be sent.
type ringError struct{ Self *ringError }

func (*ringError) Error() string { return "ring" }
func (*ringError) Unwrap() error { return &codeError{5} }

func init() { gob.Register(&ringError{}) }

var (
	measure = process.Register("measure", func(_ context.Context, n *node) (depth int, err error) {
		for ; n != nil; n = n.Next {
			depth++
		}
		return depth, nil
	})
	ringBack = process.Register("ring back", func(_ context.Context, fail bool) (*node, error) {
		if fail {
			err := &ringError{}
			err.Self = err
			return nil, err
		}
		n := &node{}
		n.Next = n
		return n, nil
	})
)

func TestValuesThatContainThemselvesAreRefused(t *testing.T) {
	rings := map[string]func(n *node){
		"pointer":   func(n *node) { n.Next = &node{Next: n} },
		"slice":     func(n *node) { n.All = []*node{n} },
		"map":       func(n *node) { n.Named = map[string]*node{"me": n} },
		"interface": func(n *node) { n.Other = n },
		"itself":    func(n *node) { n.Kids = make(nested, 2); n.Kids[1] = n.Kids },
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for how, close := range rings {
			n := &node{}
			close(n)
			if _, err := measure.Call(ctx, n); err == nil || !strings.HasPrefix(err.Error(), `process: argument of "measure": the value contains itself`) {
				t.Errorf("%s: %v", how, err)
			}
		}
		_, err := ringBack.Call(ctx, false)
		if e, ok := errors.AsType[*process.RemoteError](err); !ok || !strings.HasPrefix(e.Text, `process: result of "ring back": the value contains itself`) {
			t.Errorf("result: %v", err)
		}
		_, err = ringBack.Call(ctx, true)
		if c, ok := errors.AsType[*codeError](err); !ok || c.Code != 5 || err.Error() != "ring" {
			t.Errorf("error: %v", err)
		}
	})
}

func TestDeepAndSharedValuesAreSent(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const depth = 5000
		var list *node
		for range depth {
			list = &node{Next: list}
		}
		if n, err := measure.Call(ctx, list); n != depth || err != nil {
			t.Errorf("a list of %d: %d, %v", depth, n, err)
		}
		twice := &node{All: slices.Repeat([]*node{{}}, 3)}
		for range depth {
			twice = &node{Next: twice}
		}
		if n, err := measure.Call(ctx, twice); n != depth+1 || err != nil {
			t.Errorf("a node that is there three times: %d, %v", n, err)
		}
	})
}
