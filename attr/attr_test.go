package attr_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
)

var (
	peerName = attr.New[string]("peer name")
	peerPort = attr.New[int]("peer port")
	cipher   = attr.New[string]("cipher")
)

type plainStream struct{ portErr error }

func (s plainStream) Attributes() attr.Set {
	return attr.NewSet(
		peerName.Value("example.org"),
		peerPort.Func(func() (int, error) { return 80, s.portErr }),
	)
}

type wrapped struct{ inner attr.Provider }

func (w wrapped) Attributes() attr.Set {
	return w.inner.Attributes().Merge(attr.NewSet(peerName.Value("wrapper"), cipher.Value("AES")))
}

func TestGetFindsAttributesAndTellsOfMissingOnes(t *testing.T) {
	s := plainStream{}
	if v, err := attr.Get(s, peerName); v != "example.org" || err != nil {
		t.Error(v, err)
	}
	v, err := attr.Get(s, cipher)
	if !errors.Is(err, attr.ErrNotFound) || v != "" {
		t.Error(v, err)
	}
	if want := "anyio: attribute not found: cipher of attr_test.plainStream"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if v, err := attr.GetOr(s, cipher, "none"); v != "none" || err != nil {
		t.Error(v, err)
	}
	if v, err := attr.GetOr(s, peerPort, 1); v != 80 || err != nil {
		t.Error(v, err)
	}
}

func TestWrappersMergeAndOverrideAttributes(t *testing.T) {
	w := wrapped{plainStream{}}
	name, _ := attr.Get(w, peerName)
	port, _ := attr.Get(w, peerPort)
	c, _ := attr.Get(w, cipher)
	if name != "wrapper" || port != 80 || c != "AES" || w.Attributes().Len() != 3 {
		t.Error(name, port, c)
	}
	base := plainStream{}.Attributes()
	_ = base.With(cipher.Value("changed")).Merge(w.Attributes())
	if base.Len() != 2 {
		t.Error("With or Merge changed the original")
	}
}

// An error of the getter is not "not found", even if it says so.
func TestErrorOfAGetterIsNotAMissingAttribute(t *testing.T) {
	for _, boom := range []error{fs.ErrNotExist, attr.ErrNotFound} {
		s := plainStream{portErr: boom}
		if _, err := attr.Get(s, peerPort); err != boom {
			t.Error(err)
		}
		if _, err := attr.GetOr(s, peerPort, 1); err != boom {
			t.Error(err)
		}
	}
}

func TestAttributesOfOneNameAreDifferentKeys(t *testing.T) {
	other := attr.New[string](peerName.String())
	if _, err := attr.Get(plainStream{}, other); !errors.Is(err, attr.ErrNotFound) {
		t.Error(err)
	}
}

type closer struct {
	flush *anyio.Event // waited for before a polite end
	err   error
	saw   error
	freed bool
}

func (c *closer) Close(ctx context.Context) error {
	c.freed = true
	if c.saw = c.flush.Wait(ctx); c.saw != nil {
		return c.saw
	}
	return c.err
}

func TestCloseForcefullyDoesNotWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c := &closer{flush: &anyio.Event{}}
		if err := anyio.CloseForcefully(ctx, c); err != nil {
			t.Error(err)
		}
		if !c.freed || !errors.Is(c.saw, anyio.ErrCanceled) {
			t.Errorf("freed %v, saw %v", c.freed, c.saw)
		}
		if err := anyio.Sleep(ctx, 0); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestCloseForcefullyHidesTheCancellationInACanceledScopeToo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if err := anyio.CloseForcefully(ctx, &closer{flush: &anyio.Event{}}); err != nil {
				t.Error(err)
			}
			return anyio.Sleep(ctx, 0)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

type failingCloser struct{ err error }

func (c failingCloser) Close(context.Context) error { return c.err }

func TestCloseForcefullyReturnsOtherErrors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		if err := anyio.CloseForcefully(ctx, failingCloser{boom}); err != boom {
			t.Error(err)
		}
	})
}

func ExampleGet() {
	name, err := attr.Get(plainStream{}, peerName)
	fmt.Println(name, err)
	_, err = attr.Get(plainStream{}, cipher)
	fmt.Println(errors.Is(err, attr.ErrNotFound))
	// Output:
	// example.org <nil>
	// true
}

func TestResourcesWithoutAttributesHaveNone(t *testing.T) {
	if n := attr.Of(42).Len(); n != 0 {
		t.Errorf("%d attributes", n)
	}
	if _, err := attr.Get(42, peerName); !errors.Is(err, attr.ErrNotFound) {
		t.Error(err)
	}
}
