package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

var (
	peerName = anyio.NewAttribute[string]("peer name")
	peerPort = anyio.NewAttribute[int]("peer port")
	cipher   = anyio.NewAttribute[string]("cipher")
)

type plainStream struct{ portErr error }

func (s plainStream) ExtraAttributes() anyio.Attributes {
	return anyio.NewAttributes(
		peerName.Is("example.org"),
		peerPort.From(func() (int, error) { return 80, s.portErr }),
	)
}

type wrapped struct{ inner anyio.AttributeProvider }

func (w wrapped) ExtraAttributes() anyio.Attributes {
	return w.inner.ExtraAttributes().Merge(anyio.NewAttributes(peerName.Is("wrapper"), cipher.Is("AES")))
}

func TestExtraFindsAttributesAndTellsOfMissingOnes(t *testing.T) {
	s := plainStream{}
	if v, err := anyio.Extra(s, peerName); v != "example.org" || err != nil {
		t.Error(v, err)
	}
	v, err := anyio.Extra(s, cipher)
	if !errors.Is(err, anyio.ErrAttributeNotFound) || v != "" {
		t.Error(v, err)
	}
	if want := "anyio: attribute not found: cipher of anyio_test.plainStream"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if v, err := anyio.ExtraOr(s, cipher, "none"); v != "none" || err != nil {
		t.Error(v, err)
	}
	if v, err := anyio.ExtraOr(s, peerPort, 1); v != 80 || err != nil {
		t.Error(v, err)
	}
}

func TestWrappersMergeAndOverrideAttributes(t *testing.T) {
	w := wrapped{plainStream{}}
	name, _ := anyio.Extra(w, peerName)
	port, _ := anyio.Extra(w, peerPort)
	c, _ := anyio.Extra(w, cipher)
	if name != "wrapper" || port != 80 || c != "AES" || w.ExtraAttributes().Len() != 3 {
		t.Error(name, port, c)
	}
	base := plainStream{}.ExtraAttributes()
	_ = base.With(cipher.Is("changed")).Merge(w.ExtraAttributes())
	if base.Len() != 2 {
		t.Error("With or Merge changed the original")
	}
}

// An error of the getter is not "not found", even if it says so.
func TestErrorOfAGetterIsNotAMissingAttribute(t *testing.T) {
	for _, boom := range []error{fs.ErrNotExist, anyio.ErrAttributeNotFound} {
		s := plainStream{portErr: boom}
		if _, err := anyio.Extra(s, peerPort); err != boom {
			t.Error(err)
		}
		if _, err := anyio.ExtraOr(s, peerPort, 1); err != boom {
			t.Error(err)
		}
	}
}

func TestAttributesOfOneNameAreDifferentKeys(t *testing.T) {
	other := anyio.NewAttribute[string](peerName.String())
	if _, err := anyio.Extra(plainStream{}, other); !errors.Is(err, anyio.ErrAttributeNotFound) {
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

func ExampleExtra() {
	name, err := anyio.Extra(plainStream{}, peerName)
	fmt.Println(name, err)
	_, err = anyio.Extra(plainStream{}, cipher)
	fmt.Println(errors.Is(err, anyio.ErrAttributeNotFound))
	// Output:
	// example.org <nil>
	// true
}

func TestResourcesWithoutAttributesHaveNone(t *testing.T) {
	if n := anyio.AttributesOf(42).Len(); n != 0 {
		t.Errorf("%d attributes", n)
	}
	if _, err := anyio.Extra(42, peerName); !errors.Is(err, anyio.ErrAttributeNotFound) {
		t.Error(err)
	}
}
