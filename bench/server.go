package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

// A serverShape is a server, ours and the peer's, each in a process of its own, and
// what a client does to it from another one. What counts is the processor time, or the
// memory, of the server.
type serverShape struct {
	ours  func(ctx context.Context, ready func(addr string)) error
	their func(ready func(addr string)) error
	// connect prepares a load on the server at addr; do makes n operations.
	connect func(addr string) (load, error)
	idle    bool
}

// serveVar tells a copy of this program to be a server: "<shape> <who>", where who is
// a backend, or else "peer", "net" or "gnet".
const serveVar = "ANYIO_BENCH_SERVE"

// A server is such a process.
type server struct {
	*child
	addr string
}

// startServer starts ours, the peer's, or a further one's.
func startServer(id, who string, env ...string) (*server, error) {
	if _, ok := foreign[who]; ok {
		c, addr, err := startForeign(who)
		return &server{c, addr}, err
	}
	cmd, err := copyOfThis(serveVar, id+" "+who, env...)
	if err != nil {
		return nil, err
	}
	c, addr, err := startChild(cmd)
	if err != nil {
		return nil, fmt.Errorf("server %s %s: %w", id, who, err)
	}
	return &server{c, addr}, nil
}

// number asks it for one about itself: "cpu" in nanoseconds, "rss" in bytes.
func (s *server) number(what string) (float64, error) {
	line, err := s.tell(what)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(line, 64)
}

// processorTime is what the server has used in nanoseconds. It is looked up from
// outside where that is possible, which costs the server nothing.
func (s *server) processorTime() (float64, error) {
	// What is still running is counted up to the last tick only: let it fall asleep.
	time.Sleep(time.Millisecond)
	v, err := processorTimeOf(s.cmd.Process.Pid)
	if errors.Is(err, errors.ErrUnsupported) {
		return s.number("cpu")
	}
	return float64(v), err
}

// runServer is the main function of such a process.
func runServer(job string) int {
	id, who, _ := strings.Cut(job, " ")
	switch id {
	case "rpc":
		return serveRPC(who)
	case "scale":
		if err := serveScale(who); err != nil {
			fmt.Fprintln(os.Stderr, "bench: cluster:", err)
			return 1
		}
		return 0
	}
	for _, sh := range shapes {
		if sh.id != id || sh.server == nil {
			continue
		}
		if err := startProfile(os.Getenv(profileVar)); err != nil {
			fmt.Fprintln(os.Stderr, "bench: server:", err)
			return 1
		}
		go func() {
			answerLines(os.Stdin, os.Stdout, aboutItself)
			pprof.StopCPUProfile()
			os.Exit(0)
		}()
		ready := func(addr string) { fmt.Println(addr) }
		var err error
		switch who {
		case "peer":
			err = sh.server.their(ready)
		case "net":
			err = serveNet(echoNet(bufferSize))(ready)
		case "gnet":
			err = serveGnet(ready)
		default:
			err = anyio.Run(context.Background(), func(ctx context.Context) error {
				return sh.server.ours(ctx, ready)
			}, anyio.On(backend(who)))
		}
		fmt.Fprintln(os.Stderr, "bench: server:", err)
		return 1
	}
	fmt.Fprintf(os.Stderr, "bench: bad job %q\n", job)
	return 1
}

func aboutItself(question string) (string, error) {
	var v int64
	err := fmt.Errorf("unknown question %q", question)
	switch question {
	case "cpu":
		v, err = processorTime()
	case "rss":
		v, err = tidyResident()
	}
	return strconv.FormatInt(v, 10), err
}

// profileVar tells a server to write a CPU profile into this file.
const profileVar = "ANYIO_BENCH_PROFILE"

func startProfile(file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f)
}
