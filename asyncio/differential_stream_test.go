package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var streamTwins = []twin{
	{name: "reader_lines", main: readerLines},
	{name: "reader_read", main: readerRead, promised: true},
	{name: "reader_exactly", main: readerExactly, promised: true},
	{name: "reader_until", main: readerUntil, promised: true},
	{name: "reader_limit", main: readerLimit, promised: true},
	{name: "reader_error", main: readerError},
	{name: "reader_data_and_error", main: readerDataAndError, promised: true},
	{name: "streams_echo", main: streamsEcho, promised: true},
	{name: "streams_limit", main: streamsLimit, promised: true},
	{name: "streams_drain", main: streamsDrain, promised: true},
}

// got is what a read has returned as Python has it: nothing at the end.
func got(data []byte, err error) any {
	switch {
	case err == nil:
		return data
	case errors.Is(err, io.EOF):
		return []byte{}
	}
	return err
}

// reading lets a task read.
func reading(ctx context.Context, read func(ctx context.Context) ([]byte, error)) *asyncio.Task[[]byte] {
	return asyncio.CreateTask(ctx, read)
}

func feed(r *asyncio.StreamReader, data string) { _ = r.FeedData([]byte(data)) }

func readerLines(ctx context.Context, p *printer) error {
	r := asyncio.NewStreamReader(loopIn(ctx), 0)
	feed(r, "one\ntwo\npart")
	p.print(got(r.ReadLine(ctx)), got(r.ReadLine(ctx)))
	t := reading(ctx, r.ReadLine)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	feed(r, "ial")
	if err := yield(ctx, 2); err != nil {
		return err
	}
	p.print("waits", !t.Done())
	feed(r, "\nrest")
	p.print(got(t.Await(ctx)))
	p.print("at eof", r.AtEOF())
	r.FeedEOF()
	p.print("at eof", r.AtEOF())
	p.print(got(r.ReadLine(ctx)))
	p.print("at eof", r.AtEOF(), got(r.ReadLine(ctx)), got(r.ReadAll(ctx)))
	r = asyncio.NewStreamReader(loopIn(ctx), 0)
	feed(r, "a\nb\n\nc")
	r.FeedEOF()
	for line, err := range r.Lines(ctx) {
		if err != nil {
			return err
		}
		p.print("line", line)
	}
	return nil
}

func readerRead(ctx context.Context, p *printer) error {
	r := asyncio.NewStreamReader(loopIn(ctx), 0)
	read := func(n int) func(ctx context.Context) ([]byte, error) {
		return func(ctx context.Context) ([]byte, error) { return r.Read(ctx, n) }
	}
	feed(r, "hello world")
	p.print(got(r.Read(ctx, 5)), got(r.Read(ctx, 0)), got(r.Read(ctx, 100)))
	t := reading(ctx, read(10))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	feed(r, "x")
	feed(r, "y")
	p.print(got(t.Await(ctx)))
	t = reading(ctx, r.ReadAll)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	feed(r, "to the ")
	if err := yield(ctx, 2); err != nil {
		return err
	}
	feed(r, "end")
	r.FeedEOF()
	p.print(got(t.Await(ctx)))
	p.print(got(r.Read(ctx, 1)), got(r.ReadAll(ctx)), r.AtEOF())
	return nil
}

// incomplete prints an IncompleteReadError.
func incomplete(p *printer, _ []byte, err error) {
	var e *asyncio.IncompleteReadError
	if errors.As(err, &e) {
		var expected any = e.Expected
		if e.Expected == 0 {
			expected = nil
		}
		p.print("incomplete", e.Partial, expected)
	}
}

func readerExactly(ctx context.Context, p *printer) error {
	r := asyncio.NewStreamReader(loopIn(ctx), 4)
	exactly := func(n int) func(ctx context.Context) ([]byte, error) {
		return func(ctx context.Context) ([]byte, error) { return r.ReadExactly(ctx, n) }
	}
	feed(r, "0123456789")
	p.print(got(r.ReadExactly(ctx, 0)), got(r.ReadExactly(ctx, 7)))
	if _, err := r.ReadExactly(ctx, -1); err != nil {
		p.print("negative refused")
	}
	t := reading(ctx, exactly(8))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	feed(r, "ab")
	r.FeedEOF()
	data, err := t.Await(ctx)
	incomplete(p, data, err)
	data, err = r.ReadExactly(ctx, 1)
	incomplete(p, data, err)
	return nil
}

func readerUntil(ctx context.Context, p *printer) error {
	r := asyncio.NewStreamReader(loopIn(ctx), 0)
	until := func(separator string) func(ctx context.Context) ([]byte, error) {
		return func(ctx context.Context) ([]byte, error) { return r.ReadUntil(ctx, []byte(separator)) }
	}
	feed(r, "head\r\n\r\nbody")
	p.print(got(until("\r\n\r\n")(ctx)))
	t := reading(ctx, until("--end--"))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	for _, piece := range []string{" and --", "en", "d-- tail"} {
		feed(r, piece)
		if err := yield(ctx, 2); err != nil {
			return err
		}
	}
	p.print(got(t.Await(ctx)))
	if _, err := until("")(ctx); err != nil {
		p.print("empty separator refused")
	}
	r.FeedEOF()
	data, err := until("\n")(ctx)
	incomplete(p, data, err)
	p.print(got(r.ReadAll(ctx)), r.AtEOF())
	return nil
}

func readerLimit(ctx context.Context, p *printer) error {
	r := asyncio.NewStreamReader(loopIn(ctx), 4)
	until := func(separator string) {
		data, err := r.ReadUntil(ctx, []byte(separator))
		if e := (*asyncio.LimitOverrunError)(nil); errors.As(err, &e) {
			p.print("overrun", e.Consumed)
		} else {
			p.print("until", got(data, err))
		}
	}
	line := func() {
		data, err := r.ReadLine(ctx)
		if e := (*asyncio.LimitOverrunError)(nil); errors.As(err, &e) {
			p.print("line too long")
		} else {
			p.print("line", got(data, err))
		}
	}
	feed(r, "12345678")
	until("\n")
	until("78")
	p.print(got(r.Read(ctx, 6)))
	until("78")
	feed(r, "too long\nok\n")
	line()
	line()
	feed(r, "endless")
	line()
	feed(r, "abc\n")
	line()
	return nil
}

func readerError(ctx context.Context, p *printer) error {
	broken := errors.New("broken")
	r := asyncio.NewStreamReader(loopIn(ctx), 0)
	attempt := func(name string, data []byte, err error) {
		switch {
		case errors.Is(err, broken):
			p.print(name, "raises", err)
		case err != nil:
			p.print(name, "refused")
		default:
			p.print(name, data)
		}
	}
	t := task(ctx, func(ctx context.Context) error {
		data, err := r.Read(ctx, 1)
		attempt("waiting", data, err)
		return nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	data, err := r.ReadLine(ctx)
	attempt("second", data, err)
	r.SetErr(broken)
	if _, err := t.Await(ctx); err != nil {
		return err
	}
	p.print("kept:", r.Err())
	feed(r, "data")
	data, err = r.Read(ctx, 1)
	attempt("read", data, err)
	data, err = r.ReadLine(ctx)
	attempt("readline", data, err)
	data, err = r.ReadExactly(ctx, 1)
	attempt("readexactly", data, err)
	data, err = r.ReadUntil(ctx, []byte("\n"))
	attempt("readuntil", data, err)
	r = asyncio.NewStreamReader(loopIn(ctx), 0)
	u := reading(ctx, func(ctx context.Context) ([]byte, error) { return r.Read(ctx, 1) })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	u.Cancel("")
	if err := wait(ctx, u); err != nil {
		return err
	}
	feed(r, "after a canceled read")
	p.print(u.Canceled(), got(r.Read(ctx, 100)))
	return nil
}

// streams makes a server and connects to it.
func streams(ctx context.Context, limit int, h asyncio.StreamHandler) (*asyncio.Server, *asyncio.StreamReader, *asyncio.StreamWriter, error) {
	server, err := asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(server)}, limit)
	return server, r, w, err
}

func streamsEcho(ctx context.Context, p *printer) error {
	var log []string
	server, r, w, err := streams(ctx, 0, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		for {
			line, err := r.ReadLine(ctx)
			if err == io.EOF {
				break
			} else if err != nil {
				return err
			}
			_, err = w.Write(upperCase(line))
			if err := errors.Join(err, w.Drain(ctx)); err != nil {
				return err
			}
		}
		log = append(log, "eof")
		_, err := w.Write([]byte("bye"))
		w.Close()
		err = errors.Join(err, w.WaitClosed(ctx))
		log = append(log, "closed "+repr(w.IsClosing()))
		return err
	})
	if err != nil {
		return err
	}
	p.print("serving", server.Serving(), len(server.Sockets()))
	for _, line := range []string{"one\n", "two\n"} {
		_, err = w.Write([]byte(line))
		p.print(got(r.ReadLine(ctx)))
	}
	p.print("can write eof", w.CanWriteEOF())
	w.WriteEOF()
	p.print(got(r.ReadAll(ctx)), r.AtEOF())
	w.Close()
	err = errors.Join(err, w.WaitClosed(ctx))
	p.print("closing", w.IsClosing())
	for i := 0; i < 100 && len(log) < 2; i++ { // the server's side may end later
		err = errors.Join(err, asyncio.Sleep(ctx, ms))
	}
	server.Close()
	err = errors.Join(err, server.WaitClosed(ctx))
	p.print("server:", log)
	p.print("serving", server.Serving(), len(server.Sockets()))
	return err
}

func streamsLimit(ctx context.Context, p *printer) error {
	long := bytes.Repeat([]byte("x"), 100)
	server, r, w, err := streams(ctx, 50, func(ctx context.Context, _ *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		err := w.WriteLines([][]byte{[]byte("short\n"), long, []byte("\nlast\n")})
		w.Close()
		return err
	})
	if err != nil {
		return err
	}
	defer server.Close()
	newline := []byte("\n")
	p.print(got(r.ReadUntil(ctx, newline)))
	if _, err := r.ReadUntil(ctx, newline); errors.As(err, new(*asyncio.LimitOverrunError)) {
		p.print("overrun")
	}
	data, err := r.ReadExactly(ctx, 101)
	p.print(bytes.Equal(data, append(long, '\n')))
	p.print(got(r.ReadLine(ctx)))
	data, err2 := r.ReadExactly(ctx, 3)
	incomplete(p, data, err2)
	w.Close()
	return err
}

func streamsDrain(ctx context.Context, p *printer) error {
	type pair struct {
		r *asyncio.StreamReader
		w *asyncio.StreamWriter
	}
	accepted := asyncio.NewFuture[pair](ctx)
	server, r, w, err := streams(ctx, 0, func(_ context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		return accepted.SetResult(pair{r, w})
	})
	if err != nil {
		return err
	}
	defer server.Close()
	peer, err := accepted.Await(ctx)
	err = errors.Join(err, w.Drain(ctx))
	p.print("nothing to wait for")
	_, err2 := w.Write(make([]byte, 8_000_000))
	var drains []*asyncio.Task[none]
	for range 3 {
		drains = append(drains, task(ctx, w.Drain))
	}
	if err := errors.Join(err, err2, yield(ctx, 1)); err != nil {
		return err
	}
	p.print([]bool{drains[0].Done(), drains[1].Done(), drains[2].Done()})
	data, err := peer.r.ReadExactly(ctx, 8_000_000)
	p.print(len(data))
	err = errors.Join(err, wait(ctx, anys(drains...)...))
	p.print("drained")
	peer.w.Transport().Abort()
	p.print(got(r.ReadAll(ctx)))
	w.Close()
	err = errors.Join(err, w.WaitClosed(ctx))
	if errors.Is(w.Drain(ctx), syscall.ECONNRESET) {
		p.print("connection lost")
	}
	return err
}

func readerDataAndError(ctx context.Context, p *printer) error {
	reset := errors.New("reset")
	show := func(data []byte, err error) {
		if err != nil {
			p.print("error", err)
			return
		}
		p.print(data)
	}
	once := func(read func(ctx context.Context, r *asyncio.StreamReader) ([]byte, error), pieces ...string) error {
		r := asyncio.NewStreamReader(loopIn(ctx), 4)
		t := task(ctx, func(ctx context.Context) error {
			show(read(ctx, r))
			return nil
		})
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		for _, data := range pieces {
			feed(r, data)
		}
		r.SetErr(reset)
		if _, err := t.Await(ctx); err != nil {
			return err
		}
		show(r.Read(ctx, 10))
		return nil
	}
	return errors.Join(
		once(func(ctx context.Context, r *asyncio.StreamReader) ([]byte, error) { return r.ReadLine(ctx) }, "a\n", "b\n"),
		once(func(ctx context.Context, r *asyncio.StreamReader) ([]byte, error) { return r.ReadExactly(ctx, 2) }, "abc"),
		once(func(ctx context.Context, r *asyncio.StreamReader) ([]byte, error) { return r.Read(ctx, 10) }, "abc"),
		once(func(ctx context.Context, r *asyncio.StreamReader) ([]byte, error) { return r.Read(ctx, 10) }))
}
