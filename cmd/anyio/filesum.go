package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
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

// A hasher reads files one after the other.
type hasher struct {
	hash hash.Hash
	buf  []byte
}

func newHasher() *hasher { return &hasher{sha256.New(), make([]byte, 64<<10)} }

// file reads and hashes one file. It blocks.
func (h *hasher) file(dir, name string) fileSum {
	var f fileSum
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return fileSum{unreadable: true}
	}
	defer func() { _ = file.Close() }()
	h.hash.Reset()
	_, _ = h.hash.Write(append([]byte(filepath.ToSlash(name)), 0))
	for {
		n, err := file.Read(h.buf)
		chunk := h.buf[:n]
		_, _ = h.hash.Write(chunk)
		f.lines += int64(bytes.Count(chunk, []byte{'\n'}))
		f.bytes += int64(n)
		if err == io.EOF {
			h.hash.Sum(f.sum[:0])
			return f
		}
		if err != nil {
			return fileSum{unreadable: true}
		}
	}
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
