package main

import (
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A signal to this process is for the nc that runs in it: it has said that it
// listens, so it receives signals by now.
func TestNetcatEndsCleanlyOnSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot signal itself on Windows")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range ncBackends {
		for signal, status := range map[os.Signal]int{os.Interrupt: exitInterrupted, syscall.SIGTERM: 143} {
			server := startNC(t, nil, "-l", "-v", "-backend", name, "127.0.0.1", "0")
			server.port()
			if err := self.Signal(signal); err != nil {
				t.Fatal(err)
			}
			server.wait(status, "", "listening on")
		}

		// Within a connection, where nobody reads stdin to its end.
		stdin, typing := io.Pipe() // nobody types
		server := startNC(t, stdin, "-l", "-v", "-backend", name, "127.0.0.1", "0")
		client := startNC(t, strings.NewReader("hello"), "-backend", name, "127.0.0.1", server.port())
		server.out.until(t, regexp.MustCompile("hello"))
		if err := self.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		server.wait(exitInterrupted, "hello", "connection from")
		client.wait(exitInterrupted, "", "") // it got the signal as well
		_ = typing.Close()
	}
}
