package main

import (
	"io"
	"net"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// The screen goes on beside a thousand tasks, a server and tasks that never wait; keys
// are taken; and the server serves who comes from outside.
func TestScreenAndGuestShareOneLoop(t *testing.T) {
	served := make(chan error, 1)
	script := []struct {
		when func(s *screen) bool
		key  tea.KeyMsg
	}{
		{func(s *screen) bool { return s.address != "" }, tea.KeyMsg{Type: tea.KeyF2}},
		{func(s *screen) bool { return s.sums > 100 && s.frames > 10 }, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("hi")}},
		{func(s *screen) bool { return s.steps > 2000 && s.echoes > 1000 && len(served) > 0 }, tea.KeyMsg{Type: tea.KeyEsc}},
	}
	s, err := run(1000, "127.0.0.1:0", tea.WithInput(nil), tea.WithoutRenderer(),
		tea.WithFilter(func(m tea.Model, msg tea.Msg) tea.Msg {
			s := m.(*screen)
			if _, ok := msg.(frame); !ok || len(script) == 0 || !script[0].when(s) {
				return msg
			}
			if len(script) == 3 {
				go func() { served <- talk(s.address) }()
			}
			m.Update(script[0].key)
			script = script[1:]
			return msg
		}))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("a client from outside: %v", err)
	}
	if len(script) > 0 || s.typed != "hi" || s.clients != 0 || !strings.Contains(s.picture, "type here: hi_") {
		t.Errorf("%d keys are left, %q was typed, %d clients are left:\n%s", len(script), s.typed, s.clients, s.picture)
	}
}

// talk has the server say hello.
func talk(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, len("hello")))
	return err
}
