package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// demonstrate lets three people talk in the simulator. The network of one of them
// breaks while another one is very talkative.
func demonstrate() error {
	cfg := sim.Config{Seed: 1, Network: sim.NetworkConfig{SendBuffer: 2000, ReceiveBuffer: 2000}}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		start := anyio.Now(ctx)
		note := func(ctx context.Context, who, what string) {
			fmt.Printf("%7.2fs  %-7s %s\n", anyio.Now(ctx).Sub(start).Seconds(), who, what)
		}
		net := sim.NetworkOf(ctx)
		got := func(ctx context.Context, b *bot, line string) {
			if !strings.Contains(line, "blah") {
				note(ctx, b.name, line)
			}
		}
		return simulate(ctx, []string{"ann", "ben", "cat"}, func(context.Context, string) {}, got, func(ctx context.Context, bots []*bot) error {
			after := func(d time.Duration, f func()) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					if err := anyio.Sleep(ctx, d); err != nil {
						return err
					}
					f()
					return nil
				}
			}
			ann, ben := bots[0], bots[1]
			for _, step := range []func(ctx context.Context) error{
				after(2*time.Second, func() { ann.say("hello") }),
				after(time.Second, func() { ben.say("hi, ann") }),
				after(time.Second, func() {
					note(ctx, "network", "cat's link is cut")
					net.Partition("cat", "server")
				}),
				func(ctx context.Context) error {
					for range 500 {
						ann.say("blah blah blah blah blah")
						if err := anyio.Sleep(ctx, 20*time.Millisecond); err != nil {
							return err
						}
					}
					ann.say("and so on")
					return nil
				},
				after(20*time.Second, func() {
					note(ctx, "network", "cat's link is mended")
					net.Heal("cat", "server")
				}),
				after(30*time.Second, func() { ben.say("there you are, cat") }),
				after(time.Second, func() { note(ctx, "server", "gets a SIGTERM") }),
			} {
				if err := step(ctx); err != nil {
					return err
				}
			}
			return sim.Raise(ctx, syscall.SIGTERM)
		})
	}, anyio.On(sim.New(cfg)))
}

// simulate runs a server and bots on hosts of their own. said is called for each line
// of the server, got for each that a bot gets. When script has returned, simulate waits
// until the server has ended and everybody knows.
func simulate(ctx context.Context, names []string, said func(ctx context.Context, line string), got func(ctx context.Context, b *bot, line string), script func(ctx context.Context, bots []*bot) error) error {
	net := sim.NetworkOf(ctx)
	for _, host := range append([]string{"server"}, names...) {
		if err := net.AddHost(host, sim.HostConfig{}); err != nil {
			return err
		}
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			return sim.RunOnHost(ctx, "server", func(ctx context.Context) error {
				l, err := socket.Listen(ctx, "tcp", ":7000")
				if err != nil {
					return err
				}
				return (&room{said: said}).serve(ctx, l)
			})
		}, anyio.Name("server"))
		if err := anyio.Sleep(ctx, time.Second); err != nil { // it listens
			return err
		}
		var bots []*bot
		for _, name := range names {
			b := newBot(name, got)
			bots = append(bots, b)
			tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, name, b.run) }, anyio.Name(name))
		}
		return script(ctx, bots)
	})
}

// pingEvery is how long a bot is silent. If it never sent anything it would never
// find out that the server has given it up while the network was down.
const pingEvery = 15 * time.Second

// A bot is a client that connects again when the connection is lost.
type bot struct {
	name     string
	got      func(ctx context.Context, b *bot, line string)
	sessions int                              // connections so far
	typed    *stream.MemorySendStream[string] // lines to say
	typing   *stream.MemoryReceiveStream[string]
}

func newBot(name string, got func(ctx context.Context, b *bot, line string)) *bot {
	b := &bot{name: name, got: got}
	b.typed, b.typing = stream.Memory[string](stream.Unbounded)
	return b
}

// say lets the bot say something, when it can.
func (b *bot) say(line string) { _ = b.typed.TrySend(line) }

// run talks until the server says goodbye.
func (b *bot) run(ctx context.Context) error {
	defer func() { _, _ = b.typed.Close(ctx), b.typing.Close(ctx) }()
	for {
		last, err := b.session(ctx)
		switch {
		case errors.Is(err, anyio.ErrCanceled):
			return err
		case last == goodbye && err == nil:
			return nil
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// session is one connection. It returns the last line that has come, and nil if the
// server has ended it in good order.
func (b *bot) session(ctx context.Context) (last string, err error) {
	var conn *socket.Stream
	err = anyio.FailAfter(ctx, 3*time.Second, func(ctx context.Context) (err error) {
		conn, err = socket.DialTCP(ctx, "server", 7000)
		return err
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	b.sessions++
	if err := conn.Send(ctx, []byte(b.name+"\n")); err != nil {
		return "", err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			for {
				var line string // empty if nothing was typed for long
				_, err := anyio.MoveOnAfter(ctx, pingEvery, func(ctx context.Context) (err error) {
					line, err = b.typing.Receive(ctx)
					return err
				})
				if err == nil {
					err = conn.Send(ctx, []byte(line+"\n"))
				}
				if err != nil {
					return err
				}
			}
		}, anyio.Name(b.name+" types"))
		for line, err := range stream.NewBufferedReceiver(conn).Lines(ctx, longest) {
			if err != nil {
				return err
			}
			last = string(line)
			b.got(ctx, b, last)
		}
		tg.Cancel("the server has ended")
		return nil
	})
	return last, err
}
