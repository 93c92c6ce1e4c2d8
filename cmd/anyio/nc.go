package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

var ncCommand = command{
	name:    "nc",
	args:    "[host] port | -U path",
	summary: "netcat: stdin goes over a connection, what comes back goes to stdout",
	more: "\nOver TCP, TLS, UDP or a UNIX socket. At the end of stdin the other side is told so,\n" +
		"and what it still sends is received to the end. If stdin is a terminal, the end of\n" +
		"the other side ends it all.\n",
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		var f ncFlags
		fs.BoolVar(&f.listen, "l", false, "listen, and take the first connection; port 0 lets the system choose")
		fs.BoolVar(&f.unix, "U", false, "use a UNIX socket")
		fs.BoolVar(&f.udp, "u", false, "use UDP; with -timeout, silence for so long is its end")
		fs.BoolVar(&f.v4, "4", false, "use IPv4 only")
		fs.BoolVar(&f.v6, "6", false, "use IPv6 only")
		fs.BoolVar(&f.tls, "tls", false, "use TLS")
		fs.StringVar(&f.cert, "cert", "", "`file` with the certificate to show, and its chain (PEM); a listener makes one up without it")
		fs.StringVar(&f.key, "key", "", "`file` with the key of -cert (PEM; default: the same file)")
		fs.StringVar(&f.ca, "ca", "", "`file` with the authorities to trust (PEM; default: those of the system); a listener then demands a certificate")
		fs.StringVar(&f.name, "name", "", "`name` that the certificate of the other side must be valid for (default: the host)")
		fs.BoolVar(&f.insecure, "insecure", false, "accept every certificate of the other side")
		fs.DurationVar(&f.timeout, "timeout", 0, "give up when connecting takes longer, or nothing is sent or received for so long; 0 means never")
		fs.StringVar(&f.backend, "backend", "parallel", "`name` of the backend to run on: parallel or eventloop")
		fs.BoolVar(&f.verbose, "v", false, "tell on stderr what happens")
		return f.run
	},
}

type ncFlags struct {
	listen, unix, udp, v4, v6 bool
	tls, insecure, verbose    bool
	cert, key, ca, name       string
	timeout                   time.Duration
	backend                   string
	host                      string // what follows are the arguments
	port                      int
	path                      string
}

// A netcat is one run of the command, its flags understood.
type netcat struct {
	ncFlags
	on       anyio.Backend
	terminal bool // stdin is one
	in       io.Reader
	out      io.Writer

	mu  sync.Mutex
	err io.Writer // guarded by mu
}

func (f *ncFlags) run(ctx context.Context, std stdio, args []string) int {
	n, err := f.netcat(std, args)
	if err != nil {
		return misused(std, "nc", err.Error())
	}
	err = anyio.Run(ctx, func(ctx context.Context) error {
		return signals.WithShutdown(ctx, n.run)
	}, anyio.On(n.on), anyio.MainName("nc"))
	return n.status(ctx, err)
}

// status is the exit status for an error, which it reports.
func (n *netcat) status(ctx context.Context, err error) int {
	status := exitFailed
	if signal, ok := errors.AsType[*signals.Error](err); ok {
		if status = signal.ExitCode(); err == error(signal) {
			return status // that is what was asked for
		}
	} else if err == nil {
		return exitOK
	} else if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	n.say("%s", strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", "; "), "anyio: "))
	return status
}

// say writes a line to stderr.
func (n *netcat) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(n.err, "anyio nc: "+format+"\n", args...)
}

// tell says what is only told if it was asked for.
func (n *netcat) tell(format string, args ...any) {
	if n.verbose {
		n.say(format, args...)
	}
}

// netcat checks the values of the flags.
func (f *ncFlags) netcat(std stdio, args []string) (*netcat, error) {
	switch {
	case f.unix && (f.udp || f.v4 || f.v6):
		return nil, errors.New("-U goes without -u, -4 and -6")
	case f.udp && f.tls:
		return nil, errors.New("-tls goes without -u")
	case f.v4 && f.v6:
		return nil, errors.New("-4 goes without -6")
	case !f.tls && (f.insecure || f.cert != "" || f.key != "" || f.ca != "" || f.name != ""):
		return nil, errors.New("-cert, -key, -ca, -name and -insecure go with -tls only")
	case f.listen && (f.insecure || f.name != ""):
		return nil, errors.New("-name and -insecure go without -l")
	case f.key != "" && f.cert == "":
		return nil, errors.New("-key goes with -cert only")
	case f.tls && f.unix && !f.listen && f.name == "" && !f.insecure:
		return nil, errors.New("-tls with -U needs -name or -insecure")
	case f.timeout < 0:
		return nil, fmt.Errorf("-timeout: %v: expected 0 or more", f.timeout)
	}
	if err := f.arguments(args); err != nil {
		return nil, err
	}
	b, err := anyio.BackendByName(f.backend)
	if simulates(b) {
		err = errors.New("sim: it has a network of its own; expected parallel or eventloop")
	}
	if err != nil {
		return nil, fmt.Errorf("-backend: %s", strings.TrimPrefix(err.Error(), "anyio: "))
	}
	return &netcat{ncFlags: *f, on: b, terminal: isTerminal(std.in), in: std.in, out: std.out, err: std.err}, nil
}

// arguments understands what follows the flags.
func (f *ncFlags) arguments(args []string) (err error) {
	if f.unix {
		if len(args) != 1 {
			return fmt.Errorf("expected one path, got %d arguments", len(args))
		}
		f.path = args[0]
		return nil
	}
	switch {
	case len(args) == 2:
		f.host, args = args[0], args[1:]
	case len(args) != 1 || !f.listen:
		return fmt.Errorf("expected a host and a port, got %d arguments", len(args))
	}
	f.port, err = strconv.Atoi(args[0])
	if err != nil || f.port < 0 || f.port > 65535 || f.port == 0 && !f.listen {
		return fmt.Errorf("port %q: expected a number from 1 to 65535", args[0])
	}
	return nil
}

// family is what -4 and -6 say.
func (f *ncFlags) family() socket.AddressFamily {
	switch {
	case f.v4:
		return socket.IPv4
	case f.v6:
		return socket.IPv6
	}
	return socket.Unspecified
}

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a character device, too
	return err != nil || !os.SameFile(info, null)
}

// run connects or listens, and lets the two sides talk.
func (n *netcat) run(ctx context.Context) error {
	conn, err := n.open(ctx)
	if err != nil {
		return err
	}
	in, out := stream.FromReader(n.in), stream.FromWriter(n.out)
	err = n.talk(ctx, in, out, conn)
	return errors.Join(err, anyio.Shielded(ctx, closeLimit, conn.Close), in.Close(ctx), out.Close(ctx))
}

// closeLimit is how long it may take to tell the other side that this was all, also
// after a Ctrl-C.
const closeLimit = time.Second
