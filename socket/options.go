package socket

import (
	"io/fs"
	"time"

	"github.com/anyio-go/anyio/internal/netaddr"
)

// options are what a Dialer or a ListenConfig says, and the address to bind to.
type options struct {
	localHost       string
	localPort       int
	localPath       string
	family          AddressFamily
	backlog         int
	reusePort       bool
	mode            fs.FileMode // 0: the system's choice
	attemptDelay    time.Duration
	resolutionDelay time.Duration
	maxConnections  int // 0: no limit
}

// check refuses what cannot be meant.
func (o *options) check(function string) error {
	if err := checkPort("local port", o.localPort, 0); err != nil {
		return err
	}
	switch {
	case o.family < Unspecified || o.family > IPv6:
		return misuse("%s: the family is %v, expected IPv4 or IPv6", function, o.family)
	case o.backlog < 0:
		return misuse("%s: the backlog cannot be negative, it is %d", function, o.backlog)
	case o.maxConnections < 0:
		return misuse("%s: MaxConnections cannot be negative, it is %d", function, o.maxConnections)
	case o.mode&^fs.ModePerm != 0:
		return misuse("%s: the mode %v has bits that are not permissions", function, o.mode)
	case o.mode != 0 && netaddr.IsAbstract(o.localPath):
		return misuse("%s: an abstract socket has no file whose mode could be set", function)
	}
	o.backlog = min(o.backlog, 65536)
	return nil
}
