package fileio

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// Open opens the file to read, as the function Open does. Cancellation: it is not
// opened.
func (p Path) Open(ctx context.Context) (*File, error) { return Open(ctx, p.os()) }

// Create opens the file to read and write, as the function Create does: what was in
// it is gone. Cancellation: nothing was done.
func (p Path) Create(ctx context.Context) (*File, error) { return Create(ctx, p.os()) }

// OpenText opens the file to read text, as the function OpenText does. Cancellation: it is
// not opened.
func (p Path) OpenText(ctx context.Context, opts ...stream.TextOption) (*TextFile, error) {
	return OpenText(ctx, p.os(), opts...)
}

// CreateText opens the file to read and write text, as the function CreateText does: what
// was in it is gone. Cancellation: nothing was done.
func (p Path) CreateText(ctx context.Context, opts ...stream.TextOption) (*TextFile, error) {
	return CreateText(ctx, p.os(), opts...)
}

// OpenFile opens the file as the function OpenFile does, with flags such as
// os.O_WRONLY|os.O_APPEND. Cancellation: nothing was done.
func (p Path) OpenFile(ctx context.Context, flag int, perm fs.FileMode) (*File, error) {
	return OpenFile(ctx, p.os(), flag, perm)
}

// ReadBytes reads all of the file, in one call. For a file so large that one wants to
// cancel reading it see File.ReadAll, for many files ReadInto. Cancellation: a call
// that has begun is not interrupted.
func (p Path) ReadBytes(ctx context.Context) ([]byte, error) {
	return callWith(ctx, p.os(), os.ReadFile)
}

// ReadInto reads the file into a buffer of the caller and returns how many bytes it
// has. If the file has more, the buffer is full and the error is io.ErrShortBuffer. For
// large files it takes a fraction of the time of ReadBytes, most of which goes into new
// memory. Cancellation: a call that has begun is not interrupted.
func (p Path) ReadInto(ctx context.Context, buf []byte) (int, error) {
	return callWith(ctx, reading{p, buf}, reading.into)
}

// reading is a file that is to be read into a buffer.
type reading struct {
	path Path
	buf  []byte
}

func (r reading) into() (int, error) { return r.path.readInto(r.buf) }

func (p Path) readInto(buf []byte) (n int, err error) {
	f, err := os.Open(p.os())
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	for n < len(buf) {
		m, err := f.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	var more [1]byte
	if m, err := f.Read(more[:]); m > 0 {
		return n, io.ErrShortBuffer
	} else if err != io.EOF {
		return n, err
	}
	return n, nil
}

// WriteBytes makes the file have data and nothing else. After an error of the file, such
// as a full disk, it has a part of data. Cancellation: nothing was done.
func (p Path) WriteBytes(ctx context.Context, data []byte) error {
	_, err := callWith(ctx, content{p, data}, content.write)
	return err
}

// content is what a file is to have.
type content struct {
	path Path
	data []byte
}

func (c content) write() (struct{}, error) {
	return struct{}{}, os.WriteFile(c.path.os(), c.data, 0o666)
}

// ReadText reads all of the file as text, in UTF-8 or in what stream.Encoding says.
// Bytes that are not text are a *stream.DecodeError, unless stream.OnTextError says
// otherwise. Ends of lines stay as they are. Cancellation: reading that has begun is
// not interrupted; there is no text.
func (p Path) ReadText(ctx context.Context, opts ...stream.TextOption) (string, error) {
	data, err := p.ReadBytes(ctx)
	if err != nil || len(opts) == 0 && utf8.Valid(data) {
		return string(data), err
	}
	r, err := stream.NewTextReceiver(&oneText{data: data}, opts...)
	if err != nil {
		return "", err
	}
	text := ""
	for {
		part, err := r.Receive(ctx)
		text += part
		if errors.Is(err, anyio.ErrEndOfStream) {
			return text, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// WriteText makes the file have a text and nothing else, in UTF-8 or in what
// stream.Encoding says. A character that the encoding lacks is a *stream.EncodeError;
// then the file is not touched. After an error of the file, such as a full disk, it has
// a part of the text. Cancellation: nothing was done.
func (p Path) WriteText(ctx context.Context, text string, opts ...stream.TextOption) error {
	all := &oneText{}
	w, err := stream.NewTextSender(all, opts...)
	if err != nil {
		return err
	}
	if err := w.Send(ctx, text); err != nil {
		return err
	}
	return p.WriteBytes(ctx, all.data)
}

// oneText is the stream of bytes on which a text is decoded or encoded.
type oneText struct{ data []byte }

func (s *oneText) Receive(_ context.Context, buf []byte) (int, error) {
	n := copy(buf, s.data)
	s.data = s.data[n:]
	if n == 0 {
		return 0, anyio.ErrEndOfStream
	}
	return n, nil
}

func (s *oneText) Send(_ context.Context, data []byte) error {
	s.data = append(s.data, data...)
	return nil
}

func (s *oneText) Close(context.Context) error { return nil }
