package simnet

import (
	"net"
	"syscall"
	"time"
)

func timeSince(c *conn) time.Duration { return time.Duration(c.net.clock.Now() - c.timedAt) }

// CloseWrite sends the end of the stream after what is written.
func (c *conn) CloseWrite() error {
	preempt()
	defer preempt()
	c.net.lock()
	defer c.net.unlock()
	switch {
	case c.closed:
		return c.fail("close", "", net.ErrClosed)
	case c.state == dead:
		return c.fail("close", "shutdown", syscall.ENOTCONN)
	}
	c.shutdown()
	return nil
}

func (c *conn) shutdown() {
	if !c.shut {
		c.shut = true
		c.net.wakeAll(&c.writes)
		c.output()
	}
}

// Close goes on sending in the background what is written. What has arrived and
// was not read makes it a reset, as the other side's data is lost.
func (c *conn) Close() error {
	preempt()
	defer preempt()
	c.net.lock()
	defer c.net.unlock()
	if c.closed {
		return nil
	}
	c.close()
	return nil
}

func (c *conn) close() {
	c.leave()
	if c.state == dead {
		return
	}
	if len(c.in) > 0 {
		c.sendRST()
		c.end(0)
		return
	}
	c.shutdown()
	c.finish()
	c.arm()
}

// leave is the user's end of the connection.
func (c *conn) leave() {
	c.closed = true
	c.net.failAll(&c.reads)
	c.net.failAll(&c.writes)
	c.net.wakeAll(&c.connects)
}

// Abort closes with a reset.
func (c *conn) Abort() error {
	c.net.lock()
	defer c.net.unlock()
	if c.closed {
		return nil
	}
	c.abort()
	return nil
}

func (c *conn) abort() {
	c.leave()
	if c.state == dead {
		return
	}
	if c.state != synSent {
		c.sendRST()
	}
	c.end(0)
}

// die is for endable.
func (c *conn) die(silent bool) {
	if silent {
		c.leave()
		c.end(0)
	} else {
		c.abort()
	}
}

// reset is what a RST does.
func (c *conn) reset() {
	switch {
	case c.state == synSent:
		c.end(syscall.ECONNREFUSED)
	case c.finished && !c.shut:
		c.end(syscall.EPIPE)
	case c.state != dead:
		c.end(syscall.ECONNRESET)
	}
}

// unreachable is news from the network. Only a connection that is being made
// minds it; others may find another way.
func (c *conn) unreachable(errno error) {
	if c.state == synSent {
		c.end(errno.(syscall.Errno))
	}
}

// finish ends a connection in peace when everything was said and heard, and its
// user has closed it.
func (c *conn) finish() {
	if c.state == established && c.shut && c.una > c.dataEnd() && c.finished && c.closed {
		c.done = true
		c.end(0)
	}
}

// end makes the connection dead. What has arrived can still be read.
func (c *conn) end(err syscall.Errno) {
	if c.state == dead {
		return
	}
	if l := c.listener; l != nil && c.state == synReceived {
		l.half--
	}
	c.state, c.err = dead, err
	c.buf, c.early, c.due = nil, nil, 0
	if c.closed {
		c.in = nil
	}
	c.net.clock.Disarm(&c.timer)
	c.host.sockets.Remove(&c.node)
	c.host.unbind(c.b)
	c.net.wakeAll(&c.reads)
	c.net.wakeAll(&c.writes)
	c.net.wakeAll(&c.connects)
}
