//go:build unix

package inspect_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestWriteOnSignal(t *testing.T) {
	r, w := io.Pipe()
	stop := inspect.WriteOnSignal(w, syscall.SIGUSR2)
	defer stop()
	lines := bufio.NewReader(r)
	for range 2 {
		testkit.Must(t, syscall.Kill(syscall.Getpid(), syscall.SIGUSR2))
		for {
			line, err := lines.ReadString('\n')
			testkit.Must(t, err)
			if strings.HasPrefix(line, filepath.Base(os.Args[0])+" (") {
				break
			}
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	stop()
	w.Close()
}

func TestWriteOnNoSignal(t *testing.T) {
	testkit.WantMisuse(t, "no signal", testkit.Recovered(func() { inspect.WriteOnSignal(io.Discard) }))
}

// A slowWriter writes when it is let.
type slowWriter struct{ begun, let chan struct{} }

func (w *slowWriter) Write(p []byte) (int, error) {
	w.begun <- struct{}{}
	<-w.let
	return len(p), nil
}

func TestStopOfWriteOnSignalWaitsForTheWrite(t *testing.T) {
	w := &slowWriter{begun: make(chan struct{}), let: make(chan struct{})}
	stop := inspect.WriteOnSignal(w, syscall.SIGUSR2)
	testkit.Must(t, syscall.Kill(syscall.Getpid(), syscall.SIGUSR2))
	<-w.begun
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	for begin := time.Now(); time.Since(begin) < 10*time.Millisecond; runtime.Gosched() {
		select {
		case <-stopped:
			t.Fatal("it does not wait")
		default:
		}
	}
	close(w.let)
	<-stopped
	stop() // once more
}

// A signal does again what it did, when nothing is written for it any more.
func TestSignalAfterStop(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		inspect.WriteOnSignal(io.Discard, syscall.SIGTERM)()
		testkit.Must(t, syscall.Kill(syscall.Getpid(), syscall.SIGTERM))
		<-t.Context().Done() // not to be reached
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSignalAfterStop$")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	err := cmd.Run()
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v, want SIGTERM", err)
	}
}
