package cluster

import (
	"fmt"
	"os"
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
	s, err := server.NewServer(o)
	if err != nil {
		b.shutdown()
		return fmt.Errorf("cluster: starting the server in this process: %w", err)
	}
	b.server = s
	s.Start()
	if !s.ReadyForConnections(readyTimeout) {
		b.shutdown()
		return fmt.Errorf("cluster: the server in this process was not ready after %v; is %q free?", readyTimeout, cfg.Listen)
	}
	return nil
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
	// JetStream may still write something, for which RemoveAll leaves the directory.
	for try := 0; b.scratch != "" && os.RemoveAll(b.scratch) != nil && try < 100; try++ {
		time.Sleep(10 * time.Millisecond)
	}
}
