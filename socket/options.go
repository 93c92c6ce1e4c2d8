package socket

import (
	"io/fs"
	"math/bits"
	"time"
)

// An Option is an option of a function that makes a socket. Each function lists
// those that it takes; another one is a *anyio.MisuseError.
type Option func(*options)

type options struct {
	given           optionSet
	localHost       string
	localPort       int
	localPath       string
	family          AddressFamily
	backlog         int
	reusePort       bool
	mode            fs.FileMode
	attemptDelay    time.Duration
	resolutionDelay time.Duration
	maxConnections  int
}

// An optionSet tells which options were given.
type optionSet uint

const (
	withLocalHost optionSet = 1 << iota
	withLocalPort
	withLocalPath
	withFamily
	withBacklog
	withReusePort
	withMode
	withAttemptDelay
	withResolutionDelay
	withMaxConnections
)

var optionNames = [...]string{"LocalHost", "LocalPort", "LocalPath", "Family", "Backlog", "ReusePort", "Mode",
	"AttemptDelay", "ResolutionDelay", "MaxConnections"}

// LocalHost sets the host name or address to bind to; for connections, to connect from.
func LocalHost(host string) Option {
	return func(o *options) { o.given, o.localHost = o.given|withLocalHost, host }
}

// LocalPort sets the port to bind to. It counts also where no LocalHost is given. 0,
// the default, lets the system choose one.
func LocalPort(port int) Option {
	return func(o *options) { o.given, o.localPort = o.given|withLocalPort, port }
}

// LocalPath sets the path to bind a UNIX datagram socket to. A socket that is there
// already is removed first; a file of another kind is an error.
func LocalPath(path string) Option {
	return func(o *options) { o.given, o.localPath = o.given|withLocalPath, path }
}

// Family restricts addresses to IPv4 or IPv6.
func Family(f AddressFamily) Option {
	return func(o *options) { o.given, o.family = o.given|withFamily, f }
}

// Backlog sets how many connections may wait to be accepted, at most 65536. The default
// is as many as the system lets.
func Backlog(n int) Option { return func(o *options) { o.given, o.backlog = o.given|withBacklog, n } }

// MaxConnections sets how many connections a listener's Serve handles at the same time.
// Further ones wait until a handler has returned, one of them accepted, the others in
// the system's backlog. The default is no limit; n must be above zero.
func MaxConnections(n int) Option {
	return func(o *options) { o.given, o.maxConnections = o.given|withMaxConnections, n }
}

// ReusePort lets several sockets be bound to one port, between which the system
// distributes connections or datagrams.
func ReusePort() Option {
	return func(o *options) { o.given, o.reusePort = o.given|withReusePort, true }
}

// Mode sets the permissions of the file of a UNIX socket.
func Mode(mode fs.FileMode) Option {
	return func(o *options) { o.given, o.mode = o.given|withMode, mode }
}

// AttemptDelay sets how long DialTCP waits for one address to answer before it tries
// the next one as well; 250 ms by default. Zero or less is all at once, anyio.Forever
// only when the one before has failed.
func AttemptDelay(d time.Duration) Option {
	return func(o *options) { o.given, o.attemptDelay = o.given|withAttemptDelay, d }
}

// ResolutionDelay sets how long DialTCP, when it knows the IPv4 addresses of a host,
// waits for the IPv6 ones, which it prefers; 50 ms by default. Zero or less is not at
// all, anyio.Forever until their lookup has ended.
func ResolutionDelay(d time.Duration) Option {
	return func(o *options) { o.given, o.resolutionDelay = o.given|withResolutionDelay, d }
}

// optionsOf applies options and checks them.
func optionsOf(function string, allowed optionSet, opts []Option) (options, error) {
	o := options{attemptDelay: 250 * time.Millisecond, resolutionDelay: 50 * time.Millisecond}
	for _, opt := range opts {
		opt(&o)
	}
	if extra := o.given &^ allowed; extra != 0 {
		return o, misuse("%s: the option %s has no meaning here", function, optionNames[bits.TrailingZeros(uint(extra))])
	}
	if err := checkPort("local port", o.localPort, 0); err != nil {
		return o, err
	}
	switch {
	case o.family < Unspecified || o.family > IPv6:
		return o, misuse("%s: the family is %v, expected IPv4 or IPv6", function, o.family)
	case o.backlog < 0:
		return o, misuse("%s: the backlog cannot be negative, it is %d", function, o.backlog)
	case o.given&withMaxConnections != 0 && o.maxConnections <= 0:
		return o, misuse("%s: MaxConnections must be above zero, it is %d; leave it out for no limit", function, o.maxConnections)
	case o.mode&^fs.ModePerm != 0:
		return o, misuse("%s: the mode %v has bits that are no permissions", function, o.mode)
	case o.given&withMode != 0 && isAbstract(o.localPath):
		return o, errAbstractMode(function)
	}
	o.backlog = min(o.backlog, 65536)
	return o, nil
}

func errAbstractMode(function string) error {
	return misuse("%s: an abstract socket has no file whose mode could be set", function)
}
