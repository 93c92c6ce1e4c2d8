package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// environment is the variable that lets a program listen from its begin, if it is set to
// anything but "" and "0".
const environment = "ANYIO_INSPECT"

func init() {
	if v := os.Getenv(environment); v != "" && v != "0" {
		if _, err := Listen(); err != nil {
			slog.Warn("inspect: not listening, as "+environment+" asks for", "error", err)
		}
	}
}

// Listen serves Handler on a UNIX socket, on goroutines of its own that belong to no run, so
// that it answers also when all runs hang. Only the user of this process can connect: the
// socket is in a folder that only he may enter. The commands anyio ps, tree, top and why find
// it there by the process's ID. A process that listens already goes on to do so, once, until
// each stop has been called.
//
// With the environment variable ANYIO_INSPECT=1, or with a blank import of package
// inspect/listen, a program that imports nothing else listens from its begin.
func Listen() (stop func(), err error) {
	listening.Lock()
	defer listening.Unlock()
	if listening.users == 0 {
		if err := listening.begin(); err != nil {
			return nil, fmt.Errorf("inspect: %w", err)
		}
	}
	listening.users++
	return sync.OnceFunc(listening.stop), nil
}

var listening listener

type listener struct {
	sync.Mutex
	users  int
	path   string // of the socket
	server *http.Server
	ended  chan struct{} // Serve has returned
}

func (l *listener) begin() error {
	dir, err := folder(true)
	if err != nil {
		return err
	}
	path := socketOf(dir, os.Getpid())
	on, err := listenAt(path)
	if err != nil {
		return err
	}
	l.path = path
	l.server, l.ended = &http.Server{Handler: Handler(), ReadHeaderTimeout: 10 * time.Second}, make(chan struct{})
	go func(s *http.Server, ended chan struct{}) {
		defer close(ended)
		_ = s.Serve(on) // which ends with the Close below
	}(l.server, l.ended)
	return nil
}

// listenAt makes a socket that is at its place only when it listens: Processes would take
// it for that of a process that has died. What an earlier process with this ID has left
// there is replaced.
func listenAt(path string) (net.Listener, error) {
	early := path + ".new"
	_ = os.Remove(early)
	on, err := net.ListenUnix("unix", &net.UnixAddr{Name: early, Net: "unix"})
	if err != nil {
		return nil, err
	}
	on.SetUnlinkOnClose(false) // it gets another name
	if err := os.Rename(early, path); err != nil {
		on.Close()
		_ = os.Remove(early)
		return nil, err
	}
	return on, nil
}

func (l *listener) stop() {
	l.Lock()
	defer l.Unlock()
	if l.users--; l.users == 0 {
		_ = os.Remove(l.path)
		_ = l.server.Close()
		<-l.ended
	}
}

const suffix = ".sock"

func socketOf(dir string, pid int) string { return filepath.Join(dir, strconv.Itoa(pid)+suffix) }

// folder is where the sockets of this user's processes are.
func folder(make bool) (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir != "" {
		dir = filepath.Join(dir, "anyio")
	} else {
		dir = filepath.Join(os.TempDir(), "anyio-"+userName())
	}
	if make {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if why := notOurs(info); why != "" { // somebody else may have made it
		return "", fmt.Errorf("the folder %s %s: remove it", dir, why)
	}
	return dir, nil
}

// Processes returns the IDs of this user's processes that listen, see Listen. It removes the
// sockets of those that have died.
func Processes() ([]int, error) {
	dir, err := folder(false)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	var pids []int
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		pid, err := strconv.Atoi(name)
		if !ok || err != nil {
			continue
		}
		conn, err := net.DialTimeout("unix", socketOf(dir, pid), time.Second)
		if err != nil {
			if refused(err) { // nobody listens any more
				_ = os.Remove(socketOf(dir, pid))
			}
			continue
		}
		conn.Close()
		pids = append(pids, pid)
	}
	return pids, nil
}

// Fetch takes a snapshot of another process of this user, which listens. It blocks its
// goroutine until the answer is there.
//
// Cancellation: the error is that of ctx; the other process is not affected.
func Fetch(ctx context.Context, pid int) (*Snapshot, error) {
	dir, err := folder(false)
	if err == nil {
		_, err = os.Lstat(socketOf(dir, pid))
	}
	if err != nil {
		return nil, fmt.Errorf("inspect: process %d does not listen: it has ended, or was not begun with %s=1 or a call of Listen: %w", pid, environment, err)
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socketOf(dir, pid))
		},
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://process/tasks.json", nil)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("inspect: process %d: %w", pid, err)
	}
	defer resp.Body.Close()
	s := &Snapshot{}
	if err := json.NewDecoder(resp.Body).Decode(s); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("inspect: process %d has ended while it answered: %w", pid, io.ErrUnexpectedEOF)
		}
		return nil, fmt.Errorf("inspect: process %d answered %s: %w", pid, resp.Status, err)
	}
	return s, nil
}
