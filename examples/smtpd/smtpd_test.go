package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// An inbox keeps what a server has received.
type inbox struct{ all []message }

func (b *inbox) deliver(m message) error { b.all = append(b.all, m); return nil }

// certified is a configuration of a server on 127.0.0.1, and one of a client that trusts it.
func certified(t *testing.T) (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "127.0.0.1"
	return &tls.Config{Certificates: s.TLS.Certificates}, client
}

// onLoopback runs f with a server on the event loop, and its port.
func onLoopback(t *testing.T, config *tls.Config, f func(ctx context.Context, port int) error) []message {
	t.Helper()
	box := &inbox{}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := (&server{deliver: box.deliver, tls: config}).start(ctx, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
		if err != nil {
			t.Fatal(err)
		}
		err = f(ctx, l.Sockets()[0].LocalAddr().(*net.TCPAddr).Port)
		l.Close()
		if err = errors.Join(err, l.WaitClosed(ctx)); err != nil {
			t.Error(err)
		}
	}, anyiotest.Only("eventloop"))
	return box.all
}

const letter = "Subject: points\r\n\r\n.\r\n..two\r\nend\r\n"

func wantLetter(t *testing.T, got []message, n int) {
	t.Helper()
	if len(got) != n {
		t.Errorf("%d messages, want %d", len(got), n)
	}
	for _, m := range got {
		if m.from != "ann@example.org" || len(m.to) != 1 || m.to[0] != "ben@example.org" || string(m.data) != letter {
			t.Errorf("received from %q to %q %q", m.from, m.to, m.data)
		}
	}
}

func TestClientOfTheStandardLibrary(t *testing.T) {
	config, trusting := certified(t)
	got := onLoopback(t, config, func(ctx context.Context, port int) error {
		return anyio.RunBlocking(ctx, func() error {
			c, err := smtp.Dial(fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				return err
			}
			for range 2 { // plain, then encrypted
				err = errors.Join(c.Mail("ann@example.org"), c.Rcpt("ben@example.org"))
				w, err2 := c.Data()
				if err = errors.Join(err, err2); err != nil {
					return err
				}
				_, err = w.Write([]byte(letter))
				if err = errors.Join(err, w.Close()); err != nil {
					return err
				}
				if ok, _ := c.Extension("STARTTLS"); !ok {
					break
				}
				if err := c.StartTLS(trusting); err != nil {
					return err
				}
			}
			return c.Quit()
		})
	})
	wantLetter(t, got, 2)
}

func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	file := filepath.Join(t.TempDir(), "letter")
	if err := os.WriteFile(file, []byte(letter), 0o600); err != nil {
		t.Fatal(err)
	}
	config, _ := certified(t)
	got := onLoopback(t, config, func(ctx context.Context, port int) error {
		curl := []string{"curl", "-sS", fmt.Sprintf("smtp://127.0.0.1:%d/client", port), "--mail-from", "ann@example.org",
			"--mail-rcpt", "ben@example.org", "-T", file}
		for _, args := range [][]string{curl, append(curl, "--ssl-reqd", "--insecure")} {
			if _, err := process.Run(ctx, process.Command{Args: args}); err != nil {
				return err
			}
		}
		return nil
	})
	wantLetter(t, got, 2)
}

// talk sends text in pieces and returns all that the server says.
func talk(t *testing.T, ctx context.Context, port int, text string, piece int) string {
	t.Helper()
	r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: port}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for b := []byte(text); len(b) > 0 && !w.IsClosing(); {
		n := min(piece, len(b))
		_, _ = w.Write(b[:n])
		b = b[n:]
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	if !w.IsClosing() {
		w.WriteEOF()
	}
	all, err := r.ReadAll(ctx)
	if err != nil && !errors.Is(err, anyio.ErrBroken) {
		t.Error(err)
	}
	return string(all)
}

// codes are the numbers at the beginnings of answers.
func codes(answers string) string {
	var all []string
	for line := range strings.Lines(answers) {
		if len(line) > 3 && line[3] == ' ' {
			all = append(all, line[:3])
		}
	}
	return strings.Join(all, " ")
}

func TestDialogues(t *testing.T) {
	const begin = "EHLO me\r\nMAIL FROM:<a@x> BODY=8BITMIME SIZE=9\r\nRCPT TO:<b@x>\r\nDATA\r\n"
	for name, c := range map[string]struct {
		say, codes, data string
	}{
		"pipelined":          {begin + "one\r\n.\r\nQUIT\r\n", "220 250 250 250 354 250 221", "one\r\n"},
		"nothing in it":      {begin + ".\r\n", "220 250 250 250 354 250", ""},
		"order":              {"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhelo me\r\nDATA\r\n", "220 503 503 503 250 503", "none"},
		"two senders":        {"EHLO me\r\nmail from:<a@x>\r\nmail from:<a@x>\r\nRSET\r\nmail from:<>\r\n", "220 250 250 503 250 250", "none"},
		"nonsense":           {"EHLO\r\nEHLO me\r\nMAIL a@x\r\nMAIL FROM:a@x\r\nFROB\r\n\r\nNOOP\r\nVRFY a\r\n", "220 501 250 501 501 500 500 250 252", "none"},
		"no STARTTLS":        {"EHLO me\r\nSTARTTLS\r\n", "220 250 502", "none"},
		"a long line":        {"EHLO " + strings.Repeat("x", maxLine-4), "220 500", "none"},
		"too big, announced": {"EHLO me\r\nMAIL FROM:<a@x> SIZE=99999999\r\n", "220 250 552", "none"},
		"too big":            {begin + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1100) + ".\r\nNOOP\r\n", "220 250 250 250 354 552 250", "none"},
		"bare LF ends none":  {begin + "one\n.\nMAIL FROM:<evil@x>\r\n.\r\n", "220 250 250 250 354 250", "one\n.\nMAIL FROM:<evil@x>\r\n"},
		"cut":                {begin + "one\r\n.", "220 250 250 250 354", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 1 << 20} {
				if piece*5000 < len(c.say) {
					continue
				}
				anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
					box := &inbox{}
					l, err := (&server{deliver: box.deliver}).start(ctx, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
					if err != nil {
						t.Fatal(err)
					}
					answers := talk(t, ctx, l.Sockets()[0].LocalAddr().(*net.TCPAddr).Port, c.say, piece)
					l.Close()
					if err := l.WaitClosed(ctx); err != nil {
						t.Error(err)
					}
					if got := codes(answers); got != c.codes {
						t.Errorf("in pieces of %d: the server says %s, want %s", piece, got, c.codes)
					}
					if c.data == "none" != (len(box.all) == 0) || len(box.all) > 1 || len(box.all) == 1 && string(box.all[0].data) != c.data {
						t.Errorf("in pieces of %d: received %q", piece, box.all)
					}
				}, anyiotest.Only("eventloop", "sim"))
			}
		})
	}
}

func TestMailThatCannotBeTakenIsForLater(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &server{deliver: func(message) error { return errors.New("the disk is full") }}
		l, err := s.start(ctx, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
		if err != nil {
			t.Fatal(err)
		}
		answers := talk(t, ctx, l.Sockets()[0].LocalAddr().(*net.TCPAddr).Port,
			"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\none\r\n.\r\nQUIT\r\n", 1<<20)
		l.Close()
		if want := "220 250 250 250 354 451 221"; codes(answers) != want || !strings.Contains(answers, "disk") {
			t.Errorf("the server says %q, want %s", answers, want)
		}
	}, anyiotest.Only("eventloop", "sim"))
}

// Whatever the network does: a message that was confirmed has been received, whole, and
// none more often than it was sent.
func TestMailOverABadNetwork(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		box := &inbox{}
		confirmed := map[string]bool{}
		text := bytes.Repeat([]byte("..\r\n.\r\nx\r\n"), 3000)
		link := sim.Link{Latency: 10 * time.Millisecond, Loss: 0.1}
		err := simulate(ctx, &server{deliver: box.deliver}, 5, link, func(ctx context.Context, i int) error {
			from := fmt.Sprintf("client%d@x", i)
			// Some give up in the middle.
			_, err := anyio.MoveOnAfter(ctx, time.Duration(1+i)*time.Second, func(ctx context.Context) error {
				err := sendMail(ctx, "server", message{from: from, to: []string{"ann@x"}, data: text})
				confirmed[from] = err == nil
				return err
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		times := map[string]int{}
		for _, m := range box.all {
			if times[m.from]++; !bytes.Equal(m.data, text) {
				t.Errorf("%s: %d bytes received, want %d", m.from, len(m.data), len(text))
			}
		}
		for i := range 5 {
			from := fmt.Sprintf("client%d@x", i)
			if times[from] > 1 || confirmed[from] && times[from] != 1 {
				t.Errorf("%s: confirmed %v, received %d times", from, confirmed[from], times[from])
			}
		}
	}, anyiotest.Only("sim"))
}
