package asyncio_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// pty is a pseudo-terminal that passes bytes as they are.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { master.Close() })
	testkit.Must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	testkit.Must(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { slave.Close() })
	mode, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	testkit.Must(t, err)
	mode.Iflag &^= unix.ICRNL | unix.IXON
	mode.Oflag &^= unix.OPOST
	mode.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG | unix.IEXTEN
	testkit.Must(t, unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, mode))
	return master, slave
}

// untold fails the test if the exception handler is told of something.
func untold(t *testing.T, ctx context.Context) {
	loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) {
		t.Errorf("the exception handler was told: %s: %v", c.Message, c.Err)
	})
}

func TestPseudoTerminalIsRead(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		untold(t, ctx)
		master, slave := pty(t)
		p := newLogger(t, ctx)
		_, _, err := loopOf(t, ctx).ConnectReadPipe(ctx, p.factory, master)
		testkit.Must(t, err)
		for _, text := range []string{"1", "2345"} {
			_, err := slave.WriteString(text)
			testkit.Must(t, err)
			until(t, ctx, func() bool { return p.got.String() == "1" || p.got.String() == "12345" })
		}
		until(t, ctx, func() bool { return p.got.String() == "12345" })
		testkit.Must(t, slave.Close())
		p.wantLost(ctx, syscall.EIO) // as Linux calls the end of a terminal
		p.wantLog("made data lost")
	})
}

func TestPseudoTerminalIsWritten(t *testing.T) {
	needReadiness(t) // it reads while the loop stands still
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		untold(t, ctx)
		master, slave := pty(t)
		p := newLogger(t, ctx)
		tr, _, err := loopOf(t, ctx).ConnectWritePipe(ctx, p.factory, slave)
		testkit.Must(t, err)
		buf := make([]byte, 16)
		for _, text := range []string{"1", "2345"} {
			_, _ = tr.Write([]byte(text))
			if n, err := master.Read(buf); string(buf[:n]) != text || err != nil {
				t.Errorf("%q %v", buf[:n], err)
			}
		}
		tr.Close()
		p.wantLost(ctx, nil)
		p.wantLog("made lost")
	})
}

func TestPseudoTerminalIsReadAndWrittenAtOnce(t *testing.T) {
	needReadiness(t) // it reads while the loop stands still
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		untold(t, ctx)
		l := loopOf(t, ctx)
		master, slave := pty(t)
		fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		testkit.Must(t, err)
		rp, wp := newLogger(t, ctx), newLogger(t, ctx)
		rt, _, err := l.ConnectReadPipe(ctx, rp.factory, master)
		testkit.Must(t, err)
		wt, _, err := l.ConnectWritePipe(ctx, wp.factory, uintptr(fd))
		testkit.Must(t, err)
		for i, want := range []string{"in1", "in1in2"} {
			_, _ = wt.Write([]byte("out"))
			buf := make([]byte, 16)
			if n, err := slave.Read(buf); string(buf[:n]) != "out" || err != nil {
				t.Errorf("%q %v", buf[:n], err)
			}
			_, err := fmt.Fprintf(slave, "in%d", i+1)
			testkit.Must(t, err)
			until(t, ctx, func() bool { return rp.got.String() == want })
		}
		rt.Close()
		wt.Close()
		rp.wantLost(ctx, nil)
		wp.wantLost(ctx, nil)
	})
}
