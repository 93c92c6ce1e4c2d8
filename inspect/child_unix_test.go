//go:build unix

package inspect_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// childVariable makes the test a process that only waits for the end of its input.
const childVariable = "INSPECT_TEST_CHILD"

func TestChildThatWaits(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("it is only for TestProcessesBegunWithTheVariable")
	}
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		fmt.Println("begun")
		return anyio.RunBlocking(ctx, func() error {
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		})
	}, anyio.MainName("child")))
}

// startChild begins a process that can be looked at, unless value tells otherwise.
func startChild(t *testing.T, value string) (pid int, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildThatWaits$")
	cmd.Env = append(os.Environ(), childVariable+"=1", "ANYIO_INSPECT="+value)
	stdin, err := cmd.StdinPipe()
	testkit.Must(t, err)
	stdout, err := cmd.StdoutPipe()
	testkit.Must(t, err)
	testkit.Must(t, cmd.Start())
	_, err = io.ReadFull(stdout, make([]byte, len("begun")))
	testkit.Must(t, err)
	ended := false
	kill = func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill()
			_ = stdin.Close()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	return cmd.Process.Pid, kill
}

func TestProcessesBegunWithTheVariable(t *testing.T) {
	dir := ownFolder(t)
	one, kill := startChild(t, "1")
	two, _ := startChild(t, "1")
	_, _ = startChild(t, "0")
	want := []int{one, two}
	slices.Sort(want)
	pids, err := inspect.Processes()
	slices.Sort(pids)
	if err != nil || !slices.Equal(pids, want) {
		t.Errorf("got %v, %v, want %v", pids, err, want)
	}
	s, err := inspect.Fetch(t.Context(), two)
	testkit.Must(t, err)
	if s.PID != two || !strings.Contains(s.String(), "child #1 waiting for RunBlocking") {
		t.Errorf("got %s", s)
	}
	kill()
	if _, err := inspect.Fetch(t.Context(), one); err == nil {
		t.Error("a process that was killed answers")
	}
	if pids, err := inspect.Processes(); err != nil || !slices.Equal(pids, []int{two}) {
		t.Errorf("got %v, %v, want %d", pids, err, two)
	}
	left, err := os.ReadDir(dir)
	testkit.Must(t, err)
	if len(left) != 1 || left[0].Name() != fmt.Sprint(two, ".sock") {
		t.Errorf("there is %v", left)
	}
}

// A process may end, or hang, while it answers.
func TestFetchOfAProcessThatEnds(t *testing.T) {
	dir := ownFolder(t)
	testkit.Must(t, os.Mkdir(dir, 0o700))
	l, err := net.Listen("unix", filepath.Join(dir, "77.sock"))
	testkit.Must(t, err)
	defer l.Close()
	asked := make(chan net.Conn)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000))
			asked <- conn
		}
	}()
	go func() {
		conn := <-asked
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"pid\":77,")
		conn.Close()
	}()
	if _, err := inspect.Fetch(t.Context(), 77); err == nil || !strings.Contains(err.Error(), "process 77 has ended while it answered") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn := <-asked
		cancel()
		<-t.Context().Done()
		conn.Close()
	}()
	_, err = inspect.Fetch(ctx, 77)
	testkit.WantIs(t, "Fetch of one that hangs", err, context.Canceled)
}
