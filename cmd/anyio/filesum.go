package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"strings"

	"github.com/anyio-go/anyio/fileio"
)

// A fileSum is what the pipeline finds out about one file.
type fileSum struct {
	lines, bytes int64
	sum          [sha256.Size]byte // of name and content
	unreadable   bool
}

// totals are the sums over many files, in whatever order they came.
type totals struct {
	Files      int   `json:"files"`
	Lines      int64 `json:"lines"`
	Bytes      int64 `json:"bytes"`
	Unreadable int   `json:"unreadable"` // files and folders that could not be read
	digest     [sha256.Size]byte
}

func (t *totals) add(f fileSum) {
	if f.unreadable {
		t.Unreadable++
		return
	}
	t.Files++
	t.Lines += f.lines
	t.Bytes += f.bytes
	for i := range t.digest {
		t.digest[i] ^= f.sum[i]
	}
}

// A hasher reads and hashes files one after the other.
type hasher struct {
	hash hash.Hash
	buf  []byte
}

func newHasher() *hasher { return &hasher{sha256.New(), make([]byte, 64<<10)} }

// read reads a file into the buffer, which grows when it must.
func (h *hasher) read(ctx context.Context, p fileio.Path) ([]byte, error) {
	for {
		n, err := p.ReadInto(ctx, h.buf)
		if !errors.Is(err, io.ErrShortBuffer) {
			return h.buf[:n], err
		}
		h.buf = make([]byte, 2*len(h.buf))
	}
}

// sum counts and hashes what was read. It takes a while.
func (h *hasher) sum(name string, data []byte) fileSum {
	f := fileSum{lines: int64(bytes.Count(data, []byte{'\n'})), bytes: int64(len(data))}
	h.hash.Reset()
	_, _ = h.hash.Write(append([]byte(filepath.ToSlash(name)), 0))
	_, _ = h.hash.Write(data)
	h.hash.Sum(f.sum[:0])
	return f
}

// pipelineRecord is one run of the pipeline.
type pipelineRecord struct {
	Kind    string `json:"kind"`
	Backend string `json:"backend"`
	totals
	Digest  string  `json:"digest"`
	Partial bool    `json:"partial"`
	Elapsed float64 `json:"elapsed_ms"`
}

func (r pipelineRecord) text(w io.Writer) {
	fmt.Fprintf(w, "  %-9s %9s %12s %14s   %-16s %7.0f ms", r.Backend, grouped(int64(r.Files)), grouped(r.Lines), grouped(r.Bytes), r.Digest[:16], r.Elapsed)
	var notes []string
	if r.Partial {
		notes = append(notes, "partial")
	}
	if r.Unreadable > 0 {
		notes = append(notes, fmt.Sprintf("%d unreadable", r.Unreadable))
	}
	if len(notes) > 0 {
		fmt.Fprintf(w, "  (%s)", strings.Join(notes, ", "))
	}
	fmt.Fprintln(w)
}
