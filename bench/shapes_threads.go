package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/process"
)

// --- P1: a blocking call ---

func runBlocking(ctx context.Context, m *meter, n int) error {
	f := func() (int, error) { return 1, nil }
	m.start()
	defer m.stop()
	for range n {
		if _, err := anyio.RunBlockingValue(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func goAndResult(m *meter, n int) error {
	m.start()
	defer m.stop()
	for range n {
		result := make(chan int, 1)
		go func() { result <- 1 }()
		<-result
	}
	return nil
}

// --- P2: a call from outside ---

func portalCalls(ctx context.Context, m *meter, n int) error {
	return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
		var failed error // read when the portal has stopped
		go func() {
			defer p.Stop()
			ctx := context.Background()
			f := func(context.Context) (int, error) { return 1, nil }
			m.start()
			defer m.stop()
			for range n {
				if _, failed = portal.Call(ctx, p, f); failed != nil {
					return
				}
			}
		}()
		err := p.WaitStopped(ctx)
		return errors.Join(err, failed)
	})
}

type channelRequest struct {
	f     func() int
	reply chan int
}

func channelCalls(m *meter, n int) error {
	requests := make(chan channelRequest)
	go func() {
		for r := range requests {
			r.reply <- r.f()
		}
	}()
	defer close(requests)
	f := func() int { return 1 }
	reply := make(chan int, 1)
	m.start()
	defer m.stop()
	for range n {
		requests <- channelRequest{f, reply}
		<-reply
	}
	return nil
}

// --- P3: a process ---

func runTrue(ctx context.Context, m *meter, n int) error {
	c := process.Command{Args: []string{"true"}, Stdout: process.Null, Stderr: process.Null}
	m.start()
	defer m.stop()
	for range n {
		if _, err := process.Run(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func execTrue(m *meter, n int) error {
	m.start()
	defer m.stop()
	for range n {
		if err := exec.Command("true").Run(); err != nil {
			return err
		}
	}
	return nil
}

// --- P4: a file ---

// bigFile is a file of 1 MiB, made once, to be removed at the end.
var bigFile = sync.OnceValues(func() (string, error) {
	madeBigFile = true
	f, err := os.CreateTemp("", "bench")
	if err != nil {
		return "", err
	}
	_, err = f.Write(make([]byte, 1<<20))
	return f.Name(), errors.Join(err, f.Close())
})

var madeBigFile bool

func removeBigFile() {
	if madeBigFile {
		if name, err := bigFile(); err == nil {
			_ = os.Remove(name)
		}
	}
}

func readFile(ctx context.Context, m *meter, n int) error {
	name, err := bigFile()
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	m.start()
	defer m.stop()
	for range n {
		if _, err := fileio.Path(name).ReadInto(ctx, buf); err != nil {
			return err
		}
	}
	return nil
}

func readOSFile(m *meter, n int) error {
	name, err := bigFile()
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	m.start()
	defer m.stop()
	for range n {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		_, err = io.ReadFull(f, buf)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// --- P5: a call into another process ---

var payload = make([]byte, 100)

var (
	echoWorker = process.Register("bench: echo", func(_ context.Context, data []byte) ([]byte, error) { return data, nil })
	timeWorker = process.Register("bench: time", func(context.Context, struct{}) (int64, error) { return processorTime() })
)

// workerCalls are all made in one process, as there is never more than one at a time.
func workerCalls(ctx context.Context, m *meter, n int) error {
	spent := func() (int64, error) { return timeWorker.Call(ctx, struct{}{}) } // starts it
	return m.withChild(spent, func() error {
		for range n {
			if _, err := echoWorker.Call(ctx, payload); err != nil {
				return err
			}
		}
		return nil
	})
}

// Echoer is the service of the peer.
type Echoer struct{}

// Echo returns what it is given.
func (Echoer) Echo(in []byte, out *[]byte) error { *out = in; return nil }

// Time returns the processor time that the process has used.
func (Echoer) Time(_ struct{}, out *int64) (err error) {
	*out, err = processorTime()
	return err
}

// serveRPC is the peer's process. It serves one connection.
func serveRPC(path string) int {
	err := rpc.Register(Echoer{})
	if err == nil {
		var l net.Listener
		if l, err = net.Listen("unix", path); err == nil {
			fmt.Println("ready")
			var c net.Conn
			if c, err = l.Accept(); err == nil {
				rpc.ServeConn(c)
				return 0
			}
		}
	}
	fmt.Fprintln(os.Stderr, "bench: rpc:", err)
	return 1
}

func rpcCalls(m *meter, n int) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe)
	cmd.Env, cmd.Stderr = append(os.Environ(), serveVar+"=rpc "+path), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it is ready
		return err
	}
	c, err := rpc.Dial("unix", path)
	if err != nil {
		_ = cmd.Process.Kill()
		return err
	}
	defer c.Close()
	spent := func() (ns int64, err error) {
		err = c.Call("Echoer.Time", struct{}{}, &ns)
		return ns, err
	}
	return m.withChild(spent, func() error {
		var reply []byte
		for range n {
			if err := c.Call("Echoer.Echo", payload, &reply); err != nil {
				return err
			}
		}
		return nil
	})
}
