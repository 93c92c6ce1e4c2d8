package fileio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A Newline is how a TextFile ends its lines.
type Newline int

const (
	// LF is "\n": text is read and written as it is.
	LF Newline = iota
	// CRLF is "\r\n", which becomes "\n" when it is read, and "\n" that when written.
	CRLF
	// CR is "\r" in the same way.
	CR
	// AnyNewline reads each of the three as "\n", and writes as LF does.
	AnyNewline
)

// A TextFile reads and writes a file as text, in UTF-8 or in what stream.Encoding says.
// What cannot be decoded or encoded is a *stream.DecodeError or *stream.EncodeError,
// unless stream.OnTextError says otherwise. It reads ahead, so do not use the File beside
// it, and call Seek between reading and writing. One task may use it at a time; a second
// one gets an *anyio.BusyError.
type TextFile struct {
	// Newline is how lines end. Set it before the file is used.
	Newline Newline

	file  *File
	opts  []stream.TextOption
	guard anyio.ResourceGuard // guards what follows
	in    *stream.TextReceiveStream
	out   *stream.TextSendStream
	begun bool   // something was written since the last Seek
	drop  bool   // what is written is dropped
	ahead []byte // text that was read ahead, with "\n" at the ends of lines
	at    int    // where the next character is in ahead
	half  bool   // a "\r" at the end of ahead may belong to a "\n" that comes
}

var _ anyio.Resource = (*TextFile)(nil)

// OpenText opens a file of text to read. The error is that of Open or NewTextFile.
// Cancellation: it is not opened.
func OpenText(ctx context.Context, name string, opts ...stream.TextOption) (*TextFile, error) {
	return openText(ctx, name, os.O_RDONLY, opts)
}

// CreateText opens a file of text to read and write, as Create does. Cancellation: nothing
// was done.
func CreateText(ctx context.Context, name string, opts ...stream.TextOption) (*TextFile, error) {
	return openText(ctx, name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, opts)
}

func openText(ctx context.Context, name string, flag int, opts []stream.TextOption) (*TextFile, error) {
	t := &TextFile{opts: opts}
	if err := t.reset(); err != nil { // before anything is touched
		return nil, err
	}
	f, err := OpenFile(ctx, name, flag, 0o666)
	if err != nil {
		return nil, err
	}
	t.file = f
	return t, nil
}

// NewTextFile makes a TextFile of a File that is open, such as a temporary one, which
// belongs to it from then on. The error is a *stream.UnknownEncodingError, or a
// *anyio.MisuseError for a policy that does not exist.
func NewTextFile(f *File, opts ...stream.TextOption) (*TextFile, error) {
	t := &TextFile{file: f, opts: opts}
	if err := t.reset(); err != nil {
		return nil, err
	}
	return t, nil
}

// enter begins a call, which releases the guard.
func (t *TextFile) enter(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	switch {
	case err != nil:
		return err
	case t.file.closed.Load():
		return p.CanceledOr(anyio.ErrClosed)
	}
	return t.guard.Acquire()
}

// reset begins decoding and encoding anew.
func (t *TextFile) reset() (err error) {
	t.guard.Action = "using"
	if t.in, err = stream.NewTextReceiver(textBytes{t}, t.opts...); err == nil {
		t.out, err = stream.NewTextSender(textBytes{t}, t.opts...)
	}
	t.ahead, t.at, t.half, t.begun = t.ahead[:0], 0, false, false
	return err
}

// File returns the file.
func (t *TextFile) File() *File { return t.file }

// Close closes the file. Cancellation: ignored; the file is closed.
func (t *TextFile) Close(ctx context.Context) error { return t.file.Close(ctx) }

// ReadLine reads up to and including the next end of a line, which is "\n" whatever it is
// in the file, see Newline. The last line may lack it; after it comes
// anyio.ErrEndOfStream. After an error of decoding the next call goes on behind what is
// wrong, in the same line. Cancellation: no character is lost.
func (t *TextFile) ReadLine(ctx context.Context) (string, error) {
	return t.read(ctx, func(seen int) int { return bytes.IndexByte(t.ahead[t.at+seen:], '\n') + 1 })
}

// ReadRunes reads n characters, fewer at the end of the file; after it comes
// anyio.ErrEndOfStream. Cancellation: no character is lost.
func (t *TextFile) ReadRunes(ctx context.Context, n int) (string, error) {
	if n <= 0 {
		return "", nil
	}
	left := n
	return t.read(ctx, func(seen int) int {
		if seen == 0 {
			left = n
		}
		for i := t.at + seen; i < len(t.ahead); {
			_, size := utf8.DecodeRune(t.ahead[i:])
			i += size
			if left--; left == 0 {
				return i - t.at - seen
			}
		}
		return 0
	})
}

// ReadAll reads all that is left. With an error comes what was read before it.
// Cancellation: noticed between pieces; what was read is returned.
func (t *TextFile) ReadAll(ctx context.Context) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer t.guard.Release()
	for {
		if err := t.more(ctx); errors.Is(err, io.EOF) {
			return t.take(len(t.ahead) - t.at), nil
		} else if err != nil {
			return t.take(len(t.ahead) - t.at), err
		}
	}
}

// read reads until find, which is told how much of ahead it has seen, returns how much
// beyond that is wanted.
func (t *TextFile) read(ctx context.Context, find func(seen int) int) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer t.guard.Release()
	for seen := 0; ; {
		if n := find(seen); n > 0 {
			return t.take(seen + n), nil
		}
		seen = len(t.ahead) - t.at
		err := t.more(ctx)
		if errors.Is(err, io.EOF) && len(t.ahead) > t.at {
			return t.take(len(t.ahead) - t.at), nil
		} else if err != nil {
			return "", err
		}
	}
}

// take takes so many bytes of what was read ahead.
func (t *TextFile) take(n int) string {
	s := string(t.ahead[t.at : t.at+n])
	t.at += n
	return s
}

// more reads another piece. At the end a "\r" that was held back is one.
func (t *TextFile) more(ctx context.Context) error {
	text, err := t.in.Receive(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if t.at > 0 {
		t.ahead, t.at = append(t.ahead[:0], t.ahead[t.at:]...), 0
	}
	if t.half {
		text = "\r" + text
		t.half = false
	}
	if err == nil && (t.Newline == CRLF || t.Newline == AnyNewline) && strings.HasSuffix(text, "\r") {
		text, t.half = text[:len(text)-1], true
	}
	before := len(t.ahead)
	t.ahead = append(t.ahead, t.Newline.read(text)...)
	if len(t.ahead) > before {
		return nil
	}
	return err
}

func (n Newline) read(text string) string {
	switch n {
	case CRLF:
		return strings.ReplaceAll(text, "\r\n", "\n")
	case CR:
		return strings.ReplaceAll(text, "\r", "\n")
	case AnyNewline:
		return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text
}

func (n Newline) write(text string) string {
	switch n {
	case CRLF:
		return strings.ReplaceAll(text, "\n", "\r\n")
	case CR:
		return strings.ReplaceAll(text, "\n", "\r")
	}
	return text
}
