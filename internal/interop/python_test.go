package interop_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// systemPython is where the package of AnyIO for Python is installed.
const systemPython = "/usr/bin/python3"

func withPython(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	if err := exec.Command(systemPython, "-c", "import anyio").Run(); err != nil {
		t.Skipf("AnyIO for Python is not installed: %v", err)
	}
	with(t, systemPython, f)
}

// client connects, sends in two pieces, ends its side and prints the answer.
const client = `
import anyio, sys
async def main():
    async with await anyio.connect_tcp("127.0.0.1", int(sys.argv[1])) as s:
        await s.send(b"hello ")
        await s.send(b"anyio")
        await s.send_eof()
        got = b""
        async for part in s:
            got += part
        print(got.decode(), end="")
anyio.run(main, backend="asyncio")
`

func TestAnyIOForPythonTalksToOurServer(t *testing.T) {
	withPython(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		must(t, "listen", err)
		serving(t, ctx, l, func(ctx context.Context) {
			_, port, _ := strings.Cut(l.Addr().String(), ":")
			if got := output(t, ctx, "", systemPython, "-c", client, port); got != "HELLO ANYIO" {
				t.Errorf("got %q", got)
			}
		})
	})
}

// server answers in capitals. That the client has ended its side after data is not seen
// by AnyIO before 4.3, so the test does without.
const server = `
import anyio
async def handle(s):
    async with s:
        async for part in s:
            await s.send(part.upper())
async def main():
    l = await anyio.create_tcp_listener(local_host="127.0.0.1")
    print("ready 127.0.0.1:%d" % l.extra(anyio.abc.SocketAttribute.local_port), flush=True)
    await l.serve(handle)
anyio.run(main, backend="asyncio")
`

func TestWeTalkToAServerOfAnyIOForPython(t *testing.T) {
	withPython(t, func(t *testing.T, ctx context.Context) {
		p, line := serverProcess(t, ctx, "ready", systemPython, "-c", server)
		defer end(t, ctx, p)
		for range 3 {
			s, err := socket.Dial(ctx, "tcp", strings.TrimPrefix(line, "ready "))
			must(t, "dial", err)
			text := strings.Repeat("hello python ", 5_000)
			must(t, "send", s.Send(ctx, []byte(text)))
			got := make([]byte, len(text))
			if err := stream.NewBuffered(s).ReceiveFull(ctx, got); err != nil || string(got) != strings.ToUpper(text) {
				t.Errorf("%v", err)
			}
			must(t, "close", s.Close(ctx))
		}
	})
}
