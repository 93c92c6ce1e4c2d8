package inspect

import (
	"io"
	"os"
	"os/signal"
	"sync"

	"github.com/anyio-go/anyio"
)

// WriteOnSignal writes a snapshot to w, such as os.Stderr, each time one of the signals
// arrives, as the runtime writes the stacks of all goroutines on SIGQUIT: it shows what a
// program that hangs waits for. The signals then no longer do what they did, until stop is
// called, which waits for a write in progress. It panics with a
// *anyio.MisuseError without a signal.
func WriteOnSignal(w io.Writer, signals ...os.Signal) (stop func()) {
	if len(signals) == 0 {
		panic(&anyio.MisuseError{Text: "inspect.WriteOnSignal without a signal: name one, such as SIGUSR1"})
	}
	arrived, end, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(arrived, signals...)
	go func() {
		defer close(ended)
		for {
			select {
			case <-arrived:
				_, _ = Take().WriteTo(w)
			case <-end:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(arrived)
		close(end)
		<-ended
	})
}
