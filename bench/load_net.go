package main

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// echoSize is how much is echoed.
const echoSize = 64

// bulkRound is after how many bytes a receiver says so.
const bulkRound = bulkSize

// eachConn shares n operations among connections and does them at the same time.
func eachConn(conns []net.Conn, n int, do func(c net.Conn, n int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(conns))
	for i, c := range conns {
		share := n / len(conns)
		if i < n%len(conns) {
			share++
		}
		wg.Go(func() { errs[i] = do(c, share) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A connLoad does operations on connections that stay.
type connLoad struct {
	conns []net.Conn
	op    func(c net.Conn, n int) error
}

func (l *connLoad) do(n int) error { return eachConn(l.conns, n, l.op) }

func (l *connLoad) close() {
	for _, c := range l.conns {
		_ = c.Close()
	}
}

// dialing connects n times.
func dialing(n int, wrap func(net.Conn) net.Conn, op func(c net.Conn, n int) error) func(addr string) (load, error) {
	return func(addr string) (load, error) {
		l := &connLoad{op: op}
		for range n {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				l.close()
				return nil, err
			}
			l.conns = append(l.conns, wrap(c))
		}
		return l, nil
	}
}

func plain(c net.Conn) net.Conn { return c }

func encrypted(c net.Conn) net.Conn {
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // a certificate of the moment
}

// pingPong64 sends 64 bytes and reads them back, n times.
func pingPong64(c net.Conn, n int) error {
	buf := make([]byte, echoSize)
	for range n {
		if _, err := c.Write(buf); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			return err
		}
	}
	return nil
}

// drainBulk asks for n blocks and reads them.
func drainBulk(c net.Conn, n int) error {
	if err := binary.Write(c, binary.BigEndian, uint64(n)); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, onlyReader{c}, int64(n)*bulkSize)
	return err
}

type onlyReader struct{ io.Reader }

// feedBulk sends n blocks and waits until they have been read.
func feedBulk(c net.Conn, n int) error {
	errs := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(c, make([]byte, n))
		errs <- err
	}()
	block := make([]byte, bulkSize)
	for range n {
		if _, err := c.Write(block); err != nil {
			return err
		}
	}
	return <-errs
}

// A dialLoad connects for each operation, on some lanes at the same time.
type dialLoad struct {
	addr string
	wrap func(net.Conn) net.Conn
}

const lanes = 8

func (l *dialLoad) do(n int) error {
	return eachConn(make([]net.Conn, lanes), n, func(_ net.Conn, n int) error {
		for range n {
			c, err := net.Dial("tcp", l.addr)
			if err != nil {
				return err
			}
			_ = c.(*net.TCPConn).SetLinger(0) // no port is left waiting
			w := l.wrap(c)
			err = pingPong64(w, 1)
			_ = c.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *dialLoad) close() {}

func redialing(wrap func(net.Conn) net.Conn) func(addr string) (load, error) {
	return func(addr string) (load, error) { return &dialLoad{addr, wrap}, nil }
}
