//go:build unix

package inspect_test

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
