//go:build unix

package asyncio_test

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// readPipe plays a failure of a protocol that reads from a pipe.
func readPipe(at string, fatal bool) saboteur {
	return saboteur{name: "pipe/" + at, play: func(s *sabotage) {
		r, w := osPipe(s.t)
		p := &failing{s: s, at: at}
		_, _, err := s.l.ConnectReadPipe(s.ctx, func() asyncio.BaseProtocol { return p }, r)
		testkit.Must(s.t, err)
		_, err = w.Write([]byte("x"))
		testkit.Must(s.t, errors.Join(err, w.Close()))
		p.wantOver(fatal)
	}}
}

// writePipe plays a failure of a protocol that writes more than goes at once.
func writePipe(at string) saboteur {
	return saboteur{name: "pipe/" + at, play: func(s *sabotage) {
		r, w := osPipe(s.t)
		p := &failing{s: s, at: at}
		_, _, err := s.l.ConnectWritePipe(s.ctx, func() asyncio.BaseProtocol { return p }, w)
		testkit.Must(s.t, err)
		data := bytes.Repeat([]byte("0123456789"), 100<<10)
		s.l.CallSoon(func() {
			defer p.tr.Close()
			_, _ = p.tr.Write(data)
		})
		all, err := asyncio.RunInExecutor(s.ctx, nil, func() ([]byte, error) { return io.ReadAll(r) }).Await(s.ctx)
		if !bytes.Equal(all, data) || err != nil {
			s.t.Errorf("%d bytes, %v", len(all), err)
		}
		p.wantOver(false)
	}}
}

func TestPipesThatFail(t *testing.T) {
	sabotaged(t, []saboteur{
		readPipe("ConnectionMade", false), readPipe("DataReceived", true), readPipe("EOFReceived", true), readPipe("ConnectionLost", false),
		writePipe("PauseWriting"), writePipe("ResumeWriting"),
	}, realLoop)
}

func TestReadersAndWritersThatFail(t *testing.T) {
	needReadiness(t)
	sabotaged(t, []saboteur{
		{name: "AddReader", play: func(s *sabotage) {
			r, w := osPipe(s.t)
			calls := 0
			testkit.Must(s.t, s.l.AddReader(r.Fd(), func() {
				if calls++; calls == 5 { // later than the system has told of it
					s.fail()
				}
			}))
			_, _ = w.Write([]byte("x"))
			s.until(func() bool { return calls > 8 })
			s.l.RemoveReader(r.Fd())
		}},
		{name: "AddWriter", play: func(s *sabotage) {
			_, w := osPipe(s.t)
			calls := 0
			testkit.Must(s.t, s.l.AddWriter(w.Fd(), func() {
				if calls++; calls == 5 { // later than the system has told of it
					s.fail()
				}
			}))
			s.until(func() bool { return calls > 8 })
			s.l.RemoveWriter(w.Fd())
		}},
	}, realLoop)
}

// A failingProcess is a protocol of a process one of whose functions fails.
type failingProcess struct {
	failing
	out bytes.Buffer
}

func (p *failingProcess) ConnectionMade(*asyncio.SubprocessTransport) { p.on("ConnectionMade") }
func (p *failingProcess) PipeDataReceived(fd int, data []byte) {
	p.out.Write(data)
	p.on("PipeDataReceived")
}
func (p *failingProcess) PipeConnectionLost(int, error) { p.on("PipeConnectionLost") }
func (p *failingProcess) ProcessExited()                { p.on("ProcessExited") }

func TestProcessesThatFail(t *testing.T) {
	var all []saboteur
	for _, at := range []string{"ConnectionMade", "PipeDataReceived", "PipeConnectionLost", "ProcessExited", "ConnectionLost"} {
		all = append(all, saboteur{name: "process/" + at, play: func(s *sabotage) {
			p := &failingProcess{failing: failing{s: s, at: at}}
			tr, _, err := s.l.Subprocess(s.ctx, func() asyncio.SubprocessProtocol { return p }, process.Command{Shell: "echo x; cat; true", Stderr: process.Inherit})
			testkit.Must(s.t, err)
			s.until(func() bool { return p.out.Len() > 0 })
			tr.PipeTransport(0).Close()
			s.until(func() bool { return p.lost > 0 })
			turns(s.t, s.ctx, 3)
			if code, ok := tr.ReturnCode(); !ok || code != 0 || p.lost != 1 || p.out.String() != "x\n" {
				s.t.Errorf("code %d %v, lost %d times, %q", code, ok, p.lost, p.out.String())
			}
			for _, c := range s.told {
				if _, ours := c.Protocol.(*failingProcess); !ours && c.Handle == nil {
					s.t.Errorf("told of protocol %T", c.Protocol)
				}
			}
		}})
	}
	all = append(all, saboteur{name: "process/PauseWriting", play: func(s *sabotage) {
		p := &failingProcess{failing: failing{s: s, at: "PauseWriting"}}
		tr, _, err := s.l.Subprocess(s.ctx, func() asyncio.SubprocessProtocol { return p }, process.Command{Args: []string{"cat"}, Stdout: process.Null, Stderr: process.Inherit})
		testkit.Must(s.t, err)
		testkit.Must(s.t, tr.SendSignal(syscall.SIGSTOP)) // it must not read as fast as we write
		s.l.CallSoon(func() {
			defer func() {
				tr.PipeTransport(0).Close()
				testkit.Must(s.t, tr.SendSignal(syscall.SIGCONT))
			}()
			_, _ = tr.PipeTransport(0).Write(make([]byte, 1<<20))
		})
		s.until(func() bool { return p.lost > 0 })
	}})
	sabotaged(t, all, realLoop)
}
