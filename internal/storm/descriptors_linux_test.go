package storm_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/socket"
)

// Descriptors that come with bytes, wanted or not, many or few, are closed unless they are
// given out.
func TestDescriptorsThatNobodyAskedForAreClosed(t *testing.T) {
	dir, err := os.MkdirTemp("", "s") // UNIX sockets have short paths
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	null, err := os.Open(os.DevNull)
	testkit.Must(t, err)
	defer null.Close()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		path := filepath.Join(dir, t.Name()[strings.LastIndexByte(t.Name(), '/')+1:])
		l, err := socket.ListenUnix(ctx, path)
		testkit.Must(t, err)
		flood := func(many int, receive func(ctx context.Context, s *socket.UnixStream) error) {
			t.Helper()
			c, err := net.Dial("unix", path)
			testkit.Must(t, err)
			s, err := l.Accept(ctx)
			testkit.Must(t, err)
			fds := make([]int, many)
			for i := range fds {
				fds[i] = int(null.Fd())
			}
			for range 20 {
				_, _, err = c.(*net.UnixConn).WriteMsgUnix([]byte("x"), syscall.UnixRights(fds...), nil)
				testkit.Must(t, err)
			}
			for range 10 { // the rest is in the socket when it is closed
				testkit.Must(t, receive(ctx, s))
			}
			testkit.Must(t, errors.Join(c.Close(), s.Close(ctx)))
		}
		bytesOnly := func(ctx context.Context, s *socket.UnixStream) error {
			_, err := s.Receive(ctx, make([]byte, 1))
			return err
		}
		some := func(ctx context.Context, s *socket.UnixStream) error {
			_, files, err := s.ReceiveFiles(ctx, make([]byte, 1), 2)
			for _, f := range files {
				err = errors.Join(err, f.Close())
			}
			if len(files) == 0 || len(files) > 2 {
				t.Errorf("%d files, want 1 or 2", len(files))
			}
			if errors.Is(err, socket.ErrDescriptorsCut) {
				return nil
			}
			return err
		}
		flood(1, bytesOnly)
		before := descriptorsBefore(t, ctx)
		for _, many := range []int{1, 3, 64, 253} { // the most that the system passes
			flood(many, bytesOnly)
			flood(many, some)
		}
		wantDescriptors(t, ctx, before)
		testkit.Must(t, l.Close(ctx))
	})
}

const fewVar = "ANYIO_TEST_STORM_OF_FEW_DESCRIPTORS"

// A server that has run out of descriptors, while children are started, goes on when there
// are some again; none is lost, and no child inherits one. The test runs itself again with a
// low limit.
func TestServerOutlivesTheDescriptorLimitBesideChildren(t *testing.T) {
	name := os.Getenv(fewVar)
	if name == "" {
		for _, b := range []string{"parallel", "eventloop"} {
			cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
			cmd.Env = append(os.Environ(), fewVar+"="+b)
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.ENOEXEC) {
				t.Skipf("an emulator runs this, the system cannot: %v", err)
			}
			if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
				t.Errorf("%s: %v\n%s", b, err, out)
			}
		}
		return
	}
	b, err := anyio.BackendByName(name)
	testkit.Must(t, err)
	log := testkit.CaptureLog(t)
	testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error { return echo(ctx, s) })
			})
			var own []byte // descriptors of the first child
			child := func() error {
				r, err := process.Run(ctx, process.Command{Args: []string{"ls", "/proc/self/fd"}})
				if err != nil {
					return err
				}
				if own == nil {
					own = r.Stdout
				} else if !bytes.Equal(r.Stdout, own) {
					t.Errorf("a child has the descriptors %q, the first had %q", r.Stdout, own)
				}
				return nil
			}
			s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
			honest(t, ctx, s, err)
			testkit.Must(t, child())
			before := descriptorsBefore(t, ctx)
			limit := uint64(len(before) + 40)
			testkit.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}))
			var failed atomic.Int64
			for round := range 10 {
				var hoard []*os.File
				for free := 4 * round; ; { // a few are left, for some of what follows
					f, err := os.Open(os.DevNull)
					if err != nil {
						for _, f := range hoard[len(hoard)-free:] {
							_ = f.Close()
						}
						hoard = hoard[:len(hoard)-free]
						break
					}
					hoard = append(hoard, f)
				}
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 4 {
						tg.Go(func(ctx context.Context) error {
							if err := child(); err != nil {
								failed.Add(1)
							}
							return nil
						})
						tg.Go(func(ctx context.Context) error {
							s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
							if err != nil {
								return nil
							}
							return s.Abort(ctx)
						})
					}
					return nil
				})
				for _, f := range hoard {
					_ = f.Close()
				}
			}
			s, err = socket.DialTCP(ctx, "127.0.0.1", l.Port())
			honest(t, ctx, s, err)
			testkit.Must(t, child())
			wantDescriptors(t, ctx, before)
			if failed.Load() == 0 {
				t.Error("there were descriptors for all")
			}
			t.Logf("%d children have failed; logged: %.300s", failed.Load(), log.Text())
			tg.Cancel("done")
			return nil
		})
	}, anyio.On(b)))
}
