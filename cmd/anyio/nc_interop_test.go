package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// need skips a test if a program is not here.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("the program %s is not here: %v", program, err)
	}
}

// other starts a program that is not ours, with something on its stdin.
func other(t *testing.T, stdin io.Reader, args ...string) (stdout, stderr *watched, wait func() error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	stdout, stderr = &watched{}, &watched{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		stdout.end()
		stderr.end()
		ended <- err
	}()
	return stdout, stderr, func() error { return <-ended }
}

func TestNetcatWithOpenSSLAsClient(t *testing.T) {
	need(t, "openssl")
	cert, key := pemFiles(t)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, name := range ncBackends {
			stdin, typing := io.Pipe()
			// openssl leaves at the end of its stdin, whatever is still to come.
			welcomed, welcome := io.Pipe()
			server := startNC(t, stdin, "-l", "-tls", "-v", "-cert", cert, "-key", key, "-backend", name, "127.0.0.1", "0")
			stdout, _, wait := other(t, io.MultiReader(strings.NewReader(long), welcomed), "openssl", "s_client", "-quiet", "-no_ign_eof", "-verify_return_error", version,
				"-CAfile", cert, "-servername", "localhost", "-connect", "127.0.0.1:"+server.port())
			if _, err := io.WriteString(typing, "welcome\n"); err != nil {
				t.Fatal(err)
			}
			stdout.until(t, regexp.MustCompile("welcome\n"))
			_ = welcome.Close()
			if err := wait(); err != nil {
				t.Errorf("%s, %s: openssl: %v", name, version, err)
			}
			// No sooner: when openssl gets our end it stops sending, and when it is gone our
			// end is answered with a reset.
			server.out.wait(t, "all that was sent", func(text string) bool { return len(text) >= len(long) })
			_ = typing.Close()
			server.wait(exitOK, long, "connection from")
		}
	}
}

func TestNetcatWithOpenSSLAsServer(t *testing.T) {
	need(t, "openssl")
	cert, key := pemFiles(t)
	for _, name := range ncBackends {
		// It says on stdout where it listens, echoes each line backwards, and does
		// not end before the client.
		stdout, _, wait := other(t, nil, "openssl", "s_server", "-rev", "-naccept", "1", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key)
		port := stdout.until(t, regexp.MustCompile(`ACCEPT .*:(\d+)`))[1]
		stdin, typing := io.Pipe()
		client := startNC(t, stdin, "-tls", "-ca", cert, "-backend", name, "127.0.0.1", port)
		if _, err := io.WriteString(typing, "olleh\n"); err != nil {
			t.Fatal(err)
		}
		client.out.until(t, regexp.MustCompile("hello\n"))
		_ = typing.Close()
		client.wait(exitOK, "hello\n", "")
		if err := wait(); err != nil {
			t.Errorf("%s: openssl: %v", name, err)
		}
	}
}

func TestNetcatWithSocat(t *testing.T) {
	need(t, "socat")
	for _, name := range ncBackends {
		server := startNC(t, strings.NewReader("welcome\n"), "-l", "-v", "-backend", name, "127.0.0.1", "0")
		stdout, stderr, wait := other(t, strings.NewReader(long), "socat", "-t", "30", "-", "TCP:127.0.0.1:"+server.port())
		server.wait(exitOK, long, "connection from")
		if err := wait(); err != nil || stdout.String() != "welcome\n" {
			t.Errorf("%s: socat: %v, %.200q, %s", name, err, stdout, stderr)
		}

		path := filepath.Join(t.TempDir(), "s")
		_, stderr, wait = other(t, nil, "socat", "-t", "30", "-d", "-d", "UNIX-LISTEN:"+path, "EXEC:cat")
		stderr.until(t, regexp.MustCompile("listening on"))
		startNC(t, strings.NewReader(long), "-U", "-backend", name, path).wait(exitOK, long, "")
		if err := wait(); err != nil {
			t.Errorf("%s: socat: %v, %s", name, err, stderr)
		}

		udp := startNC(t, strings.NewReader("ping\n"), "-l", "-u", "-v", "-backend", name, "127.0.0.1", "0")
		stdout, _, wait = other(t, strings.NewReader("hello\n"), "socat", "-t", "0.1", "-", "UDP:127.0.0.1:"+udp.port())
		udp.out.until(t, regexp.MustCompile("hello\n"))
		if err := wait(); err != nil {
			t.Errorf("%s: socat: %v, %s", name, err, stdout)
		}
		udp.cancel()
		udp.wait(exitInterrupted, "hello\n", "datagram from")
	}
}
