package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

const smtpPort = 25

// demonstrate lets three clients send mail over links that lose packets.
func demonstrate() error {
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		s := &server{deliver: func(m message) error {
			fmt.Printf("%5d ms  from %s to %s, %d bytes\n", anyio.Now(ctx).Sub(begin).Milliseconds(), m.from, m.to, len(m.data))
			return nil
		}}
		return simulate(ctx, s, 3, sim.Link{Latency: 20 * time.Millisecond, Loss: 0.2}, func(ctx context.Context, i int) error {
			name := fmt.Sprintf("client%d", i)
			err := sendMail(ctx, "server", message{from: name + "@example.org", to: []string{"ann@example.org"},
				data: []byte(strings.Repeat("Hello, Ann.\r\n", 1000))})
			fmt.Printf("%5d ms  %s: %v\n", anyio.Now(ctx).Sub(begin).Milliseconds(), name, err)
			return err
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
}

// simulate lets clients, each on a host of its own with such a link to the server, do
// something.
func simulate(ctx context.Context, s *server, clients int, link sim.Link, do func(ctx context.Context, i int) error) error {
	n := sim.NetworkOf(ctx)
	if err := n.AddHost("server", sim.HostConfig{}); err != nil {
		return err
	}
	var listener *asyncio.Server
	err := sim.RunOnHost(ctx, "server", func(ctx context.Context) (err error) {
		listener, err = s.start(ctx, asyncio.ServerOptions{Port: smtpPort})
		return err
	})
	if err != nil {
		return err
	}
	defer listener.Close()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i := range clients {
			name := fmt.Sprintf("client%d", i)
			if err := n.AddHost(name, sim.HostConfig{}); err != nil {
				return err
			}
			n.Link(name, "server", link)
			tg.Go(func(ctx context.Context) error {
				return sim.RunOnHost(ctx, name, func(ctx context.Context) error { return do(ctx, i) })
			})
		}
		return nil
	})
}

// sendMail is a client. The message is delivered if the error is nil, and may be else.
func sendMail(ctx context.Context, host string, m message) error {
	r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: host, Port: smtpPort}, 0)
	if err != nil {
		return err
	}
	defer w.Close()
	say := func(text, want string) error {
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		for {
			line, err := r.ReadLine(ctx)
			switch {
			case err != nil:
				return err
			case !strings.HasPrefix(string(line), want):
				return fmt.Errorf("after %.20q the server says %q", text, line)
			case len(line) > 3 && line[3] == ' ':
				return nil
			}
		}
	}
	lines := []struct{ say, want string }{{"", "220"}, {"EHLO client\r\n", "250"}, {"MAIL FROM:<" + m.from + ">\r\n", "250"}}
	for _, to := range m.to {
		lines = append(lines, struct{ say, want string }{"RCPT TO:<" + to + ">\r\n", "250"})
	}
	stuffed := strings.ReplaceAll("\r\n"+string(m.data), "\r\n.", "\r\n..")[2:]
	for _, l := range append(lines, []struct{ say, want string }{{"DATA\r\n", "354"}, {stuffed + ".\r\n", "250"}, {"QUIT\r\n", "221"}}...) {
		if err := say(l.say, l.want); err != nil {
			return err
		}
	}
	return nil
}
