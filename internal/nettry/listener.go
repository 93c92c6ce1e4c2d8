package nettry

import (
	"context"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/netconn"
)

// A listener accepts one connection ahead of the attempts, or fails ahead of them.
type listener struct {
	*netconn.Listener
	told
	network string // as package net calls it in errors

	// Guarded by mu.
	busy    bool // a goroutine accepts
	blocked int  // calls that block and accept
	conn    kernel.StreamConn
	err     error
	waiting kernel.Queue // those who want to accept when the goroutine has
}

var _ kernel.TryListener = (*listener)(nil)

func (n *Network) listener(l kernel.StreamListener, err error, network string) (kernel.StreamListener, error) {
	of, ok := l.(*netconn.Listener)
	if err != nil || !ok {
		return l, err
	}
	if network == "" {
		network = "unix"
		if of.Ops == kernel.TCPOps {
			network = "tcp"
		}
	}
	x := &listener{Listener: of, network: network}
	x.net, x.self = n, x
	return x, nil
}

// TryAccept takes a connection.
func (l *listener) TryAccept() (kernel.StreamConn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, netaddr.OpError("accept", "", l.network, l.LocalAddr(), kernel.Addr{}, net.ErrClosed)
	}
	if c, err := l.take(); c != nil || err != nil {
		return c, err
	}
	l.reading = l.by != nil && !l.paused
	if !l.busy && l.blocked == 0 {
		l.busy = true
		go l.accept()
	}
	return nil, kernel.ErrWouldBlock
}

// take takes what was accepted, if anything was.
func (l *listener) take() (kernel.StreamConn, error) {
	c, err := l.conn, l.err
	l.conn, l.err = nil, nil
	return c, err
}

func (l *listener) accept() {
	c, err := l.Listener.Accept(context.Background())
	c, err = l.net.stream(c, err, l.network)
	l.mu.Lock()
	l.busy = false
	closed := l.closed
	if !closed {
		l.conn, l.err = c, err
	}
	var woken kernel.Woken
	l.waiting.WakeAll(&woken)
	n := l.due(true, false)
	l.mu.Unlock()
	if closed && err == nil {
		_ = c.Close() // nobody has asked for it
	}
	woken.Unpark()
	n.tell()
}

// Accept waits for a connection. Canceled, it has taken none.
func (l *listener) Accept(ctx context.Context) (kernel.StreamConn, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	for l.busy && !l.closed {
		if err := l.wait(place, &l.waiting, l.Ops.Accept); err != nil {
			l.mu.Unlock()
			return nil, err
		}
	}
	c, err := l.take()
	l.blocked++
	l.mu.Unlock()
	if c == nil && err == nil {
		c, err = l.Listener.Accept(ctx)
		c, err = l.net.stream(c, err, l.network)
	}
	l.mu.Lock()
	l.blocked--
	var n news
	if l.blocked == 0 {
		n = l.due(true, false)
	}
	l.mu.Unlock()
	n.tell()
	return c, err
}

// Close closes the listener, and what was accepted and not taken.
func (l *listener) Close() error {
	return l.close(&l.waiting, func() error {
		l.mu.Lock()
		c, _ := l.take()
		l.mu.Unlock()
		if c != nil {
			_ = c.Close() // nobody has asked for it
		}
		return l.Listener.Close()
	})
}
