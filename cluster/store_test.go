package cluster_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// storing opens a member with a server that others reach, and its JetStream.
func storing(t *testing.T, ctx context.Context, cfg cluster.Config) (*cluster.Conn, jetstream.JetStream) {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	c, err := cluster.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(c.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return c, js
}

func TestStoreDirSurvivesTheServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cfg := cluster.Config{StoreDir: t.TempDir()}
		c, js := storing(t, ctx, cfg)
		limited, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		kv, err := js.CreateKeyValue(limited, jetstream.KeyValueConfig{Bucket: "b"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kv.PutString(limited, "k", "v"); err != nil {
			t.Fatal(err)
		}
		c.Close(ctx)

		c, js = storing(t, ctx, cfg)
		defer c.Close(ctx)
		if kv, err = js.KeyValue(limited, "b"); err != nil {
			t.Fatal(err)
		}
		if e, err := kv.Get(limited, "k"); err != nil || string(e.Value()) != "v" {
			t.Error(e, err)
		}
	}, anyiotest.Only("parallel"))
}

func TestWithoutStoreDirNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, js := storing(t, ctx, cluster.Config{})
		if _, err := js.AccountInfo(context.Background()); err != nil {
			t.Error(err)
		}
		c.Close(ctx)
		if c, err := cluster.Open(ctx, cluster.Config{}); err != nil {
			t.Error(err)
		} else {
			cluster.CutOff(c)
			eventually(t, ctx, "the member has noticed it", func() bool {
				s, _, err := cluster.NewSender[int](c)
				if err == nil {
					s.Close(ctx)
				}
				return errors.Is(err, anyio.ErrClosed)
			})
			c.Close(ctx)
		}
	}, anyiotest.Only("parallel"))
	if left, err := filepath.Glob(filepath.Join(dir, "anyio-cluster-*")); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
