package offload_test

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio/internal/offload"
	"github.com/anyio-go/anyio/internal/testkit"
)

// Close ends a call whether that has begun, is about to, or comes afterwards.
func TestCloseOfAPipeEndsACallThatBegins(t *testing.T) {
	for n := range 500 {
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		ended := make(chan error)
		go func() {
			_, err := r.Read(make([]byte, 1))
			ended <- err
		}()
		for range n % 50 {
			runtime.Gosched()
		}
		testkit.Must(t, offload.Waking{File: r}.Close())
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read: %v, want what matches os.ErrClosed", err)
		}
		testkit.Must(t, w.Close())
	}
}
