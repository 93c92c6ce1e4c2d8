package asyncio_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// The test runs itself again with a low limit of descriptors.
func TestServerAcceptsAgainWhenThereAreDescriptors(t *testing.T) {
	const env = "ANYIO_TEST_FEW_DESCRIPTORS"
	if os.Getenv(env) == "" {
		exe, err := os.Executable()
		testkit.Must(t, err)
		cmd := exec.Command(exe, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), env+"=1")
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skipf("an emulator runs this, the system cannot: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		var told []error
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c.Err) })
		accepted := 0
		o := onLoopback
		o.Paused = true
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, func() asyncio.BaseProtocol { accepted++; return newEcho() }, o))
		defer s.Close()
		for range 3 {
			peer := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
			defer peer.Close(ctx)
		}
		testkit.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 100, Max: 100}))
		var hoard []*os.File
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			hoard = append(hoard, f)
		}
		testkit.Must(t, s.StartServing())
		until(t, ctx, func() bool { return len(told) > 0 })
		if accepted != 0 || !errors.Is(told[0], syscall.EMFILE) {
			t.Errorf("accepted %d, told %v", accepted, told)
		}
		for _, f := range hoard {
			f.Close()
		}
		until(t, ctx, func() bool { return accepted == 3 })
		if len(told) != 1 {
			t.Errorf("told %v", told)
		}
	})
}
