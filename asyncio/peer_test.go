package asyncio_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// pemFiles writes the certificate and the key of the tests' server.
func pemFiles(t *testing.T) (certificate, key string) {
	t.Helper()
	server, _ := configs()
	der, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	testkit.Must(t, err)
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "certificate"), filepath.Join(dir, "key")
	testkit.Must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]}), 0o600))
	testkit.Must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return certificate, key
}

// An asyncio program of Python talks to an echo server of ours.
func TestPythonsClientOfOurServer(t *testing.T) {
	python := python311(t)
	certificate, _ := pemFiles(t)
	for _, kind := range []string{"tcp", "unix", "tls"} {
		t.Run(kind, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				h, over := untilOver(ctx, echoLines)
				address, server := socketPath(t), (*asyncio.Server)(nil)
				var err error
				switch kind {
				case "unix":
					server, err = asyncio.StartUnixServer(ctx, h, asyncio.UnixServerOptions{Path: address}, 0)
				case "tls":
					server = encryptedServer(t, ctx, h)
				default:
					server, err = asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
				}
				testkit.Must(t, err)
				if kind != "unix" {
					address = "127.0.0.1:" + strconv.Itoa(portOf(server))
				}
				p, err := asyncio.CreateSubprocess(ctx, process.Command{
					Args: []string{python, filepath.Join("testdata", "peer", "client.py"), kind, address, certificate}}, 0)
				testkit.Must(t, err)
				out, errOut, err := p.Communicate(ctx, nil)
				want := "4 True\n50001 True\n5 True\nb''\nclosed\n"
				if kind == "tls" { // which has no half-closed connections
					want = strings.Replace(want, "b''\n", "", 1)
				}
				if string(out) != want || err != nil {
					t.Errorf("%s%s%v", out, errOut, err)
				}
				_, err = over.Await(ctx)
				testkit.WantNil(t, "handler", err)
				server.Close()
			}, anyiotest.Only("eventloop"))
		})
	}
}

// A client of ours talks to an asyncio server of Python.
func TestOurClientOfPythonsServer(t *testing.T) {
	python := python311(t)
	certificate, key := pemFiles(t)
	for _, kind := range []string{"tcp", "unix", "tls"} {
		t.Run(kind, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				p, err := asyncio.CreateSubprocess(ctx, process.Command{
					Args:   []string{python, filepath.Join("testdata", "peer", "server.py"), kind, socketPath(t), certificate, key},
					Stderr: process.Inherit,
				}, 0)
				testkit.Must(t, err)
				line, err := p.Stdout.ReadLine(ctx)
				testkit.Must(t, err)
				address := strings.TrimSpace(string(line))
				var r *asyncio.StreamReader
				var w *asyncio.StreamWriter
				if kind == "unix" {
					r, w, err = asyncio.OpenUnixConnection(ctx, asyncio.UnixConnectionOptions{Path: address}, 0)
				} else {
					port, bad := strconv.Atoi(address)
					testkit.Must(t, bad)
					o := asyncio.ConnectionOptions{Host: "127.0.0.1", Port: port}
					if kind == "tls" {
						_, o.TLS = configs()
					}
					r, w, err = asyncio.OpenConnection(ctx, o, 0)
				}
				testkit.Must(t, err)
				for _, want := range [][]byte{[]byte("one\n"), append(bytes.Repeat([]byte("x"), 50_000), '\n')} {
					_, _ = w.Write(want)
					testkit.WantNil(t, "Drain", w.Drain(ctx))
					got, err := r.ReadLine(ctx)
					wantData(t, "echo", got, err, string(want))
				}
				if w.CanWriteEOF() {
					w.WriteEOF()
					if _, err := r.Read(ctx, 1); err != io.EOF {
						t.Error(err)
					}
				}
				w.Close()
				testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
				rest, err := p.Stdout.ReadAll(ctx)
				wantData(t, "the server's last words", rest, err, "over\n")
				if code, err := p.Wait(ctx); code != 0 || err != nil {
					t.Errorf("%d %v", code, err)
				}
				p.Stdin.Close()
			}, anyiotest.Only("eventloop"))
		})
	}
}
