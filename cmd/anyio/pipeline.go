package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/stream"
)

// hashers is the number of tasks that read and hash files.
const hashers = 8

// A tree is what the pipeline works on.
type tree struct {
	dir   string
	files int // at most, 0 means all
}

// hashTree counts and hashes the .go files of a tree: one task walks it and sends
// the names, a pool of tasks reads and hashes the files, and the caller adds up. It
// returns what was added up so far also if it is canceled. progress is told of
// each step.
func hashTree(ctx context.Context, t tree, progress func(totals)) (totals, error) {
	var sum totals
	sendNames, names := stream.Memory[string](2 * hashers)
	sendFiles, files := stream.Memory[fileSum](2 * hashers)
	// Receiving ends are closed when the group has ended: closed by a task that was
	// canceled first, they would break a Send whose turn to be canceled comes next.
	defer func() { _, _ = names.Close(ctx), files.Close(ctx) }()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			defer func() { _ = sendNames.Close(ctx) }()
			left := t.files
			_, err := t.walk(ctx, ".", &left, sendNames)
			return err
		}, anyio.Name("walk"))
		for i := range hashers {
			in, out := names.Clone(), sendFiles.Clone()
			tg.Go(func(ctx context.Context) error { return t.hash(ctx, in, out) }, anyio.Name(fmt.Sprintf("hash %d", i+1)))
		}
		_ = sendFiles.Close(ctx) // the pool has clones: the stream ends with the last of them

		for file, err := range files.All(ctx) {
			if err != nil {
				return err
			}
			sum.add(file)
			progress(sum)
		}
		return nil
	})
	return sum, err
}

// walk sends the names of the .go files below a folder, in order, until left of
// them are sent. It reports whether to go on.
func (t tree) walk(ctx context.Context, folder string, left *int, names *stream.MemorySendStream[string]) (more bool, err error) {
	entries, err := fileio.NewPath(t.dir, folder).ReadDir(ctx)
	if errors.Is(err, anyio.ErrCanceled) {
		return false, err
	}
	if err != nil { // reading it as a file fails, too, and is counted
		if err := names.Send(ctx, folder); err != nil {
			return false, err
		}
	}
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		switch {
		case e.IsDir():
			more, err = t.walk(ctx, name, left, names)
		case e.Type().IsRegular() && strings.HasSuffix(name, ".go"):
			err = names.Send(ctx, name)
			*left--
			more = *left != 0
		default:
			continue
		}
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// hash is one task of the pool: fileio reads a file, and because hashing takes long,
// RunBlocking hashes it where that holds up nobody.
func (t tree) hash(ctx context.Context, names *stream.MemoryReceiveStream[string], files *stream.MemorySendStream[fileSum]) error {
	defer func() { _ = names.Close(ctx) }()
	defer func() { _ = files.Close(ctx) }()
	h := newHasher()
	for name, err := range names.All(ctx) {
		if err != nil {
			return err
		}
		data, err := h.read(ctx, fileio.NewPath(t.dir, name))
		if errors.Is(err, anyio.ErrCanceled) {
			return err
		}
		file := fileSum{unreadable: true}
		if err == nil {
			file, err = anyio.RunBlockingValue(ctx, func() (fileSum, error) { return h.sum(name, data), nil })
			if err != nil {
				return err
			}
		}
		if err := files.Send(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// showPipeline runs the pipeline on each backend and compares the results.
func (d *demo) showPipeline(ctx context.Context) error {
	t := tree{d.dir, d.files}
	d.section("2. A pipeline over real files",
		fmt.Sprintf("One task walks the tree, %d read, hash and count, one adds up; memory streams are", hashers),
		fmt.Sprintf("between them. All .go files of %s:", d.dir), "",
		fmt.Sprintf("  %-9s %9s %12s %14s   %-16s %10s", "backend", "files", "lines", "bytes", "digest", "time"))
	var results []totals
	for _, b := range d.backends {
		start := time.Now()
		d.progress.begin()
		r := pipelineRecord{Kind: "pipeline", Backend: b.Name()}
		err := anyio.Run(ctx, func(ctx context.Context) (err error) {
			r.totals, err = hashTree(ctx, t, func(sum totals) {
				d.progress.show("  %-9s %9s files  %6.1f MB", b.Name(), grouped(int64(sum.Files)), float64(sum.Bytes)/1e6)
			})
			return err
		}, anyio.On(b), anyio.MainName("sum"))
		d.progress.clear()
		r.Elapsed, r.Digest, r.Partial = millis(time.Since(start)), fmt.Sprintf("%x", r.digest), err != nil
		d.out.emit(r)
		if err != nil {
			return err
		}
		results = append(results, r.totals)
	}
	if len(results) > 1 {
		return d.compare(results)
	}
	return nil
}

// compare tells whether all backends have come to the same result.
func (d *demo) compare(results []totals) error {
	same := true
	for _, r := range results {
		same = same && r == results[0]
	}
	d.out.emit(agreementRecord{Kind: "agreement", Same: same, Backends: len(results)})
	if !same {
		return fmt.Errorf("the results differ: did somebody write to %s meanwhile?", d.dir)
	}
	return nil
}

// agreementRecord tells whether the results of all backends are the same.
type agreementRecord struct {
	Kind     string `json:"kind"`
	Same     bool   `json:"same"`
	Backends int    `json:"backends"`
}

func (r agreementRecord) text(w io.Writer) {
	if r.Same {
		fmt.Fprintf(w, "\n  The same result on all %d backends. (The first also fills the disk's cache.)\n", r.Backends)
	} else {
		fmt.Fprint(w, "\n  The results differ.\n")
	}
}
