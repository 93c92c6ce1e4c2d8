package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Config says how a member takes part in a cluster. The zero value is a cluster within
// this process, over a server in it that listens nowhere.
type Config struct {
	// URL are the addresses of NATS servers, separated by commas, as for nats.Connect.
	// Without it, and without Conn, a server is started in this process.
	URL string
	// Options are for nats.Connect: TLS, credentials, how to reconnect.
	Options []nats.Option
	// Conn is a connection to use, in place of URL and Options. Close leaves it open.
	Conn *nats.Conn

	// Listen is an address, such as "127.0.0.1:4222", on which the server in this process
	// takes the connections of others; port 0 is one of the system's choice, see Conn.URL.
	Listen string
	// StoreDir is where the server in this process keeps what must survive it; without it
	// that is kept in memory. No other server may have the directory at the same time.
	StoreDir string
	// Server are all options of the server in this process, in place of Listen and
	// StoreDir. What needs JetStream needs it to be on there.
	Server *server.Options

	// Replicas is on how many servers of a cluster JetStream keeps what jobs and locks need;
	// the default is 1. It counts where that is made: what is there stays as it is.
	Replicas int

	// Name is for people, of 255 bytes at most. The default is the host's name and the
	// process's number, and in a simulation the member's ID.
	Name string
	// Prefix begins all subjects, and keeps clusters on the same servers apart. It has 100
	// bytes at most; the default is "anyio".
	Prefix string

	// Heartbeat is how often members that have calls with each other ask whether the
	// other is still there; the default is 500 ms. Lost is after which time without an
	// answer it is taken for lost; the default is 3 s.
	Heartbeat, Lost time.Duration
}

const (
	defaultPrefix    = "anyio"
	defaultHeartbeat = 500 * time.Millisecond
	defaultLost      = 3 * time.Second

	longPrefix = 100
	mostName   = 255
)

var isPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`).MatchString

// checked returns the configuration with its defaults.
func (cfg Config) checked() (Config, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = defaultPrefix
	}
	if cfg.Name == "" {
		host, _ := os.Hostname()
		cfg.Name = fmt.Sprintf("%s:%d", host, os.Getpid())
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = defaultHeartbeat
	}
	if cfg.Lost == 0 {
		cfg.Lost = max(defaultLost, 3*cfg.Heartbeat)
	}
	switch {
	case !isPrefix(cfg.Prefix):
		return cfg, misuse("Config.Prefix %q: it is a NATS subject without wildcards: letters, digits, - and _, separated by dots", cfg.Prefix)
	case len(cfg.Prefix) > longPrefix:
		return cfg, misuse("Config.Prefix with %d bytes: want %d at most, as the names of streams begin with it", len(cfg.Prefix), longPrefix)
	case len(cfg.Name) > mostName:
		return cfg, misuse("Config.Name with %d bytes: want %d at most", len(cfg.Name), mostName)
	case cfg.Heartbeat < 0 || cfg.Lost < 2*cfg.Heartbeat:
		return cfg, misuse("Config.Lost %v with Heartbeat %v: both are positive, and a member is not lost before it was asked twice", cfg.Lost, cfg.Heartbeat)
	case cfg.Replicas < 0 || cfg.Replicas > 5:
		return cfg, misuse("Config.Replicas %d: want 1 to 5, as JetStream has; an odd number, as most of them must be there", cfg.Replicas)
	case cfg.Conn != nil && (cfg.URL != "" || cfg.Options != nil):
		return cfg, misuse("Config.Conn with URL or Options: a connection that is there needs no others")
	case (cfg.Listen != "" || cfg.StoreDir != "" || cfg.Server != nil) && (cfg.URL != "" || cfg.Conn != nil):
		return cfg, misuse("Config.Listen, StoreDir or Server with URL or Conn: there is a server in this process, or others are used")
	case cfg.Server != nil && (cfg.Listen != "" || cfg.StoreDir != ""):
		return cfg, misuse("Config.Server with Listen or StoreDir: they are options of the server, set them there")
	}
	return cfg, nil
}

// hostPort reads an address to listen on. What listens on all addresses says so.
func hostPort(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || host == "" || port < 0 || port > 65535 {
		return "", 0, misuse(`Config.Listen %q: want host:port, such as "127.0.0.1:0"; all addresses are "0.0.0.0"`, addr)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// Open becomes a member of a cluster: to call functions there, to work for it, or both.
// Cancellation: nothing is left connected.
func Open(ctx context.Context, cfg Config) (*Conn, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	id := strconv.FormatUint(anyio.Rand(ctx).Uint64(), 36)
	open := openNATS
	if p.Run().Admit(kernel.HandOver) != nil { // the client of NATS is not simulated
		open = openWire
		cfg.Name = cmp.Or(cfg.Name, id) // the same each time
	}
	if cfg, err = cfg.checked(); err != nil {
		return nil, err
	}
	b, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := newConn(cfg, b, id)
	if err = c.listen(ctx); err == nil && (cfg.Listen != "" || cfg.StoreDir != "") {
		err = c.jobs.open(ctx) // for those who come from outside, too
	}
	if err != nil {
		_ = c.Close(ctx)
		return nil, err
	}
	return c, nil
}
