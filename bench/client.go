package main

import (
	"fmt"
	"os"
	"strconv"
)

// A load is what a client does to a server, on connections that are there already.
type load interface {
	do(n int) error
	close()
}

// clientVar tells a copy of this program to be the client of a server: "<shape> <address>
// <connections, of an idle server>".
const clientVar = "ANYIO_BENCH_CLIENT"

// A client is such a process, which makes as many operations as it is told to. It has
// one processor, so that it takes as little as it can from the server.
type client struct{ *child }

func startClient(id, addr string, idle int) (*client, error) {
	cmd, err := copyOfThis(clientVar, fmt.Sprintf("%s %s %d", id, addr, idle), "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	c, _, err := startChild(cmd)
	if err != nil {
		return nil, fmt.Errorf("client %s: %w", id, err)
	}
	return &client{c}, nil
}

func (c *client) do(n int) error {
	_, err := c.tell(strconv.Itoa(n))
	return err
}

// runClient is the main function of such a process.
func runClient(job string) int {
	var id, addr string
	var idle int
	if _, err := fmt.Sscan(job, &id, &addr, &idle); err != nil {
		fmt.Fprintf(os.Stderr, "bench: bad job %q\n", job)
		return 1
	}
	for _, sh := range shapes {
		if sh.id != id || sh.server == nil {
			continue
		}
		connect := sh.server.connect
		if sh.server.idle {
			connect = dialEcho(idle)
		}
		l, err := connect(addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: client:", err)
			return 1
		}
		defer l.close()
		fmt.Println("connected")
		answerLines(os.Stdin, os.Stdout, func(question string) (string, error) {
			n, err := strconv.Atoi(question)
			if err != nil {
				return "", err
			}
			return "done", l.do(n)
		})
		return 0
	}
	fmt.Fprintf(os.Stderr, "bench: bad job %q\n", job)
	return 1
}
