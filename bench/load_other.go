//go:build !linux

package main

import (
	"io"
	"net"
)

func dialEcho(n int) func(addr string) (load, error) { return dialing(n, plain, pingPong64) }

func dialRequests(n int) func(addr string) (load, error) { return dialing(n, plain, requests) }

var redialEcho = redialing(plain)

// requests asks n times, and reads the answers, which are all of one size: a client that
// costs little.
func requests(c net.Conn, n int) error {
	var answer []byte
	for range n {
		if _, err := io.WriteString(c, httpRequest); err != nil {
			return err
		}
		if answer == nil {
			size, err := answerSize(c)
			if err != nil {
				return err
			}
			answer = make([]byte, size)
			continue
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return err
		}
	}
	return nil
}
