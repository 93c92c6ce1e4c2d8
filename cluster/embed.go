package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embed starts a server in this process.
func (b *natsBus) embed(cfg Config) (err error) {
	o := cfg.Server
	if o == nil {
		if o, err = b.serverOptions(cfg); err != nil {
			return err
		}
	}
	o = o.Clone()
	o.NoSigs = true // signals belong to the program
	if err := b.lockStore(o); err != nil {
		b.shutdown()
		return fmt.Errorf("cluster: starting the server in this process: %w", err)
	}
	s, err := server.NewServer(o)
	if err != nil {
		b.shutdown()
		return fmt.Errorf("cluster: starting the server in this process: %w", err)
	}
	b.server = s
	l := lastWords{make(chan string, 1)}
	s.SetLogger(l, false, false)
	s.Start()
	if err := l.awaitReady(s); err != nil {
		b.shutdown()
		at := ""
		if cfg.StoreDir != "" {
			at = " at " + cfg.StoreDir
		}
		return fmt.Errorf("cluster: the server in this process%s: %w", at, err)
	}
	return nil
}

var errLocked = errors.New("another server keeps its data there; want a directory of its own for each, or the URL of the one server")

// lockStore keeps other servers of this package out of the directory of this one. Two of
// them would write over what the other has stored, and not notice it.
func (b *natsBus) lockStore(o *server.Options) (err error) {
	if !o.JetStream || o.StoreDir == "" || b.scratch != "" {
		return nil
	}
	if err = os.MkdirAll(o.StoreDir, 0o700); err == nil {
		b.store, err = lockFile(filepath.Join(o.StoreDir, "anyio.lock"))
	}
	if err != nil {
		return fmt.Errorf("the directory %s: %w", o.StoreDir, err)
	}
	return nil
}

// lastWords are a logger that keeps why a server has given up.
type lastWords struct{ said chan string }

func (lastWords) Noticef(string, ...any) {}
func (lastWords) Warnf(string, ...any)   {}
func (lastWords) Errorf(string, ...any)  {}
func (lastWords) Debugf(string, ...any)  {}
func (lastWords) Tracef(string, ...any)  {}

func (l lastWords) Fatalf(format string, v ...any) {
	select {
	case l.said <- fmt.Sprintf(format, v...):
	default: // the first one counts
	}
}

// awaitReady returns when a server is ready, or has given up.
func (l lastWords) awaitReady(s *server.Server) error {
	const look = 50 * time.Millisecond
	for began := time.Now(); ; {
		ready := s.ReadyForConnections(look)
		select {
		case why := <-l.said:
			return errors.New(why)
		default:
		}
		switch {
		case ready:
			return nil
		case time.Since(began) > readyTimeout:
			return fmt.Errorf("it is not ready after %v", readyTimeout)
		}
	}
}

// serverOptions are those of a server that the user has not configured himself.
func (b *natsBus) serverOptions(cfg Config) (*server.Options, error) {
	o := &server.Options{NoLog: true, DontListen: true, JetStream: true, StoreDir: cfg.StoreDir}
	if cfg.Listen != "" {
		host, port, err := hostPort(cfg.Listen)
		if err != nil {
			return nil, err
		}
		o.Host, o.Port, o.DontListen = host, port, false
	}
	if cfg.StoreDir == "" {
		dir, err := os.MkdirTemp("", "anyio-cluster-")
		if err != nil {
			return nil, fmt.Errorf("cluster: starting the server in this process: %w", err)
		}
		b.scratch, o.StoreDir = dir, dir
	}
	return o, nil
}

func (b *natsBus) storage() string {
	if b.scratch != "" {
		return "memory"
	}
	return "file"
}

func (b *natsBus) shutdown() {
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
	if b.store != nil {
		_ = b.store.Close()
	}
	// JetStream may still write something, for which RemoveAll leaves the directory.
	for try := 0; b.scratch != "" && os.RemoveAll(b.scratch) != nil && try < 100; try++ {
		time.Sleep(10 * time.Millisecond)
	}
}
