package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

// A serverShape is a server, ours and the peer's, each in a process of its own, and
// what clients do to it from this one, by plain net. What counts is the processor
// time, or the memory, of the server.
type serverShape struct {
	ours  func(ctx context.Context, ready func(addr string)) error
	their func(ready func(addr string)) error
	// connect prepares a load on the server at addr; do makes n operations.
	connect func(addr string) (load, error)
	idle    bool
}

type load interface {
	do(n int) error
	close()
}

// serveVar tells a copy of this program to be a server: "<shape> <backend or peer>".
const serveVar = "ANYIO_BENCH_SERVE"

// A server is such a process. It answers questions about itself.
type server struct {
	cmd    *exec.Cmd
	ask    io.WriteCloser
	answer *bufio.Reader
	addr   string
}

func startServer(id, who string, env ...string) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), serveVar+"="+id+" "+who)
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Stderr = os.Stderr
	if s.ask, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answer = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.answer.ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("server %s %s did not start: %w", id, who, err)
	}
	s.addr = strings.TrimSpace(line)
	return s, nil
}

// tell asks for a number: "cpu" in nanoseconds, "rss" in bytes.
func (s *server) tell(what string) (float64, error) {
	if _, err := fmt.Fprintln(s.ask, what); err != nil {
		return 0, err
	}
	line, err := s.answer.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

// stop ends the server, which ends when nobody can ask any more.
func (s *server) stop() {
	_ = s.ask.Close()
	_ = s.cmd.Wait()
}

// runServer is the main function of such a process.
func runServer(job string) int {
	id, who, _ := strings.Cut(job, " ")
	if id == "rpc" {
		return serveRPC(who)
	}
	for _, sh := range shapes {
		if sh.id != id || sh.server == nil {
			continue
		}
		if err := startProfile(os.Getenv(profileVar)); err != nil {
			fmt.Fprintln(os.Stderr, "bench: server:", err)
			return 1
		}
		go answerQuestions()
		ready := func(addr string) { fmt.Println(addr) }
		err := error(nil)
		if who == "peer" {
			err = sh.server.their(ready)
		} else {
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

func answerQuestions() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var v int64
		var err error
		switch in.Text() {
		case "cpu":
			v, err = processorTime()
		case "rss":
			v, err = tidyResident()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: server:", err)
			os.Exit(1)
		}
		fmt.Println(v)
	}
	pprof.StopCPUProfile()
	os.Exit(0)
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

// profileServer profiles our server under the load of a second or more.
func (p pair) profileServer(file string, e effort) error {
	s, err := startServer(p.id, p.backend, profileVar+"="+file)
	if err != nil {
		return err
	}
	defer s.stop()
	l, err := p.server.connect(s.addr)
	if err != nil {
		return err
	}
	defer l.close()
	_, err = side(func(m *meter, n int) error {
		m.start()
		defer m.stop()
		return l.do(n)
	}).calibrate(p.batch, p.batch, max(e.round, time.Second))
	return err
}

// measureServer loads both servers in turns.
func (p pair) measureServer(e effort) (row, error) {
	if p.server.idle {
		return p.measureIdle(e)
	}
	sides := [2]func() (sample, error){}
	for i, who := range []string{p.backend, "peer"} {
		s, err := startServer(p.id, who)
		if err != nil {
			return row{}, err
		}
		defer s.stop()
		l, err := p.server.connect(s.addr)
		if err != nil {
			return row{}, err
		}
		defer l.close()
		n, err := side(func(m *meter, n int) error {
			m.start()
			defer m.stop()
			return l.do(n)
		}).calibrate(p.batch, p.batch, e.round)
		if err != nil {
			return row{}, err
		}
		sides[i] = func() (sample, error) {
			before, err := s.tell("cpu")
			if err != nil {
				return sample{}, err
			}
			if err := l.do(n); err != nil {
				return sample{}, err
			}
			after, err := s.tell("cpu")
			return sample{value: (after - before) / float64(n)}, err
		}
	}
	return p.interleave(e.rounds, "cpu ns", sides[0], sides[1])
}

// measureIdle compares the memory of connections that do nothing.
func (p pair) measureIdle(e effort) (row, error) {
	if _, err := resident(); err != nil {
		return row{}, err
	}
	n := e.idle
	one := func(who string) func() (sample, error) {
		return func() (sample, error) {
			s, err := startServer(p.id, who)
			if err != nil {
				return sample{}, err
			}
			defer s.stop()
			before, err := s.tell("rss")
			if err != nil {
				return sample{}, err
			}
			l, err := dialEcho(n)(s.addr)
			if err != nil {
				return sample{}, err
			}
			defer l.close()
			if err := l.do(n); err != nil { // so that all have been accepted
				return sample{}, err
			}
			after, err := s.tell("rss")
			return sample{value: (after - before) / float64(n)}, err
		}
	}
	return p.interleave(min(e.rounds, 3), "B", one(p.backend), one("peer"))
}
