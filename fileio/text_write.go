package fileio

import (
	"context"
	"io"
	"iter"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// Lines ranges over the lines from here on, each with its "\n". An error is the last pair.
// After leaving the loop one may go on with any method, or with Lines again. Cancellation:
// no line is lost.
func (t *TextFile) Lines(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for {
			line, err := t.ReadLine(ctx)
			if err == io.EOF || !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// Write writes a text. After an error of the file, such as a full disk, a part of it may
// have been written; if a character cannot be encoded, nothing has. A byte order mark is
// written at the beginning of the file, if the encoding has one. Cancellation: as for
// Write of a File.
func (t *TextFile) Write(ctx context.Context, text string) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.guard.Release()
	if t.at < len(t.ahead) || t.half {
		return &anyio.MisuseError{Text: "fileio: a text file is written to while text that was read ahead is left: call Seek between reading and writing"}
	}
	if !t.begun {
		if at, err := t.file.Tell(ctx); err == nil && at > 0 {
			t.drop = true // the byte order mark that comes with the first text
			err = t.out.Send(ctx, "\n")
			if t.drop = false; err != nil {
				return err
			}
		}
		t.begun = true
	}
	return t.out.Send(ctx, t.Newline.write(text))
}

// WriteLines writes the lines one after the other and adds nothing to them. Cancellation:
// some may have been written.
func (t *TextFile) WriteLines(ctx context.Context, lines ...string) error {
	for _, line := range lines {
		if err := t.Write(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// Seek moves to a byte of the file, where a character must begin, as Seek of a File does,
// and forgets what was read ahead. In an encoding with a byte order mark, go to the start
// to read. It cannot go by characters, nor relative to where reading is. Cancellation: it
// has not moved.
func (t *TextFile) Seek(ctx context.Context, offset int64, whence int) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.guard.Release()
	if whence == io.SeekCurrent {
		return &anyio.MisuseError{Text: "fileio: a text file cannot seek relative to where it is, since it reads ahead: use io.SeekStart or io.SeekEnd"}
	}
	if _, err := t.file.Seek(ctx, offset, whence); err != nil {
		return err
	}
	return t.reset()
}

// textBytes is the bytes of a text file as a stream.
type textBytes struct{ t *TextFile }

var (
	_ stream.ByteReceiveStream = textBytes{}
	_ stream.ByteSendStream    = textBytes{}
)

func (b textBytes) Receive(ctx context.Context, buf []byte) (int, error) {
	return b.t.file.Read(ctx, buf)
}

func (b textBytes) Send(ctx context.Context, data []byte) error {
	if b.t.drop {
		return nil
	}
	_, err := b.t.file.Write(ctx, data)
	return err
}

func (b textBytes) Close(ctx context.Context) error { return b.t.file.Close(ctx) }
