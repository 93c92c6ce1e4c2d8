package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

var demoCommand = command{
	name:    "demo",
	summary: "the quickstart, a pipeline over real files, an echo over TCP and TLS, and the simulator",
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		var f demoFlags
		fs.StringVar(&f.backend, "backend", "all", "`name` of the backend to run on: parallel, eventloop, sim or all")
		fs.Uint64Var(&f.seed, "seed", 1, "seed of the simulator")
		fs.StringVar(&f.dir, "dir", "", "`folder` whose .go files the pipeline reads (default GOROOT/src)")
		fs.IntVar(&f.files, "files", 0, "read this many files at most; 0 means all")
		fs.StringVar(&f.page, "page", "", "`file` for the page that shows the run with the deadlock (default a new one in the folder for temporary files)")
		fs.BoolVar(&f.json, "json", false, "print one JSON object per line")
		return f.run
	},
}

type demoFlags struct {
	backend string
	seed    uint64
	dir     string
	files   int
	page    string
	json    bool
}

// A demo is one run of the command, its flags understood.
type demo struct {
	backends []anyio.Backend
	seed     uint64
	dir      string
	files    int
	page     string
	out      output
	progress *progress
}

func (f *demoFlags) run(ctx context.Context, std stdio, _ []string) int {
	d, err := f.demo(std)
	if err != nil {
		return misused(std, "demo", err.Error())
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program the hard way
	return d.run(ctx, std)
}

// demo checks the values of the flags.
func (f *demoFlags) demo(std stdio) (*demo, error) {
	d := &demo{seed: f.seed, files: f.files, page: f.page, out: output{w: std.out, json: f.json}, progress: newProgress(std.err)}
	names := []string{f.backend}
	if f.backend == "all" {
		names = []string{"parallel", "eventloop", "sim"}
	}
	for _, name := range names {
		b, err := anyio.BackendByName(name)
		if err != nil {
			return nil, fmt.Errorf("-backend: %s; or all", strings.TrimPrefix(err.Error(), "anyio: "))
		}
		if simulates(b) {
			b = sim.New(sim.Config{Seed: f.seed})
		}
		d.backends = append(d.backends, b)
	}
	if f.files < 0 {
		return nil, fmt.Errorf("-files: %d: expected 0 or more", f.files)
	}
	d.dir = f.dir
	if d.dir == "" {
		d.dir = goSources()
	}
	dir, err := filepath.EvalSymlinks(d.dir) // a walk does not follow links
	if err != nil {
		return nil, fmt.Errorf("-dir: %w", err)
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("-dir: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("-dir: %s is not a folder", d.dir)
	}
	d.dir = dir
	return d, nil
}

// goSources is the folder of the standard library's source.
func goSources() string {
	root := build.Default.GOROOT
	if out, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
		root = strings.TrimSpace(string(out))
	}
	return filepath.Join(root, "src")
}

// simulates reports whether a backend is the simulator, of which there is more to show,
// and in which less can be reached. It may be nil.
func simulates(b anyio.Backend) bool {
	_, ok := b.(*sim.Sim)
	return ok
}

// run shows the parts one after the other.
func (d *demo) run(ctx context.Context, std stdio) int {
	start := time.Now()
	first := demoRecord{Kind: "demo", OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU(), Seed: d.seed, Dir: d.dir}
	for _, b := range d.backends {
		first.Backends = append(first.Backends, b.Name())
	}
	d.out.emit(first)

	parts := []func(ctx context.Context) error{d.showQuickstart, d.showPipeline, d.showEcho}
	if slices.ContainsFunc(d.backends, simulates) {
		parts = append(parts, d.showSimulator)
	}
	var err error
	for _, part := range parts {
		if err = part(ctx); err != nil {
			break
		}
	}
	interrupted := err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled)
	d.out.emit(endRecord{Kind: "end", Elapsed: millis(time.Since(start)), Interrupted: interrupted, Failed: err != nil && !interrupted})
	switch {
	case interrupted:
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(std.err, "anyio demo:", err)
		return exitFailed
	case d.out.err != nil:
		fmt.Fprintln(std.err, "anyio demo:", d.out.err)
		return exitFailed
	}
	return exitOK
}
