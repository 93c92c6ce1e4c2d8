package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Peers that are not written in Go: programs that are made here, of what the machine has
// installed. Where something is missing, they are left out.

//go:embed peers
var peerSources embed.FS

// foreign are the programs, by the name of the peer. They are servers that print their
// address, or answer lines "<shape> <n>" with the processor time that this has taken.
var foreign = map[string]func() ([]string, error){
	"epoll":            program("epoll.c"),
	"libuv":            program("uv.c", "-luv"),
	"io_uring":         program("uring.c", "-luring"),
	"tokio-ct":         tokio("ct", "echo"),
	"tokio-mt":         tokio("mt", "echo"),
	"tokio-ct-work":    tokio("ct", "work"),
	"tokio-mt-work":    tokio("mt", "work"),
	"tokio-paused":     tokio("paused", "work"),
	"uvloop-streams":   asyncioLoop("uvloop", "streams"),
	"uvloop-protocols": asyncioLoop("uvloop", "protocols"),
	"asyncio":          asyncioLoop("asyncio", "work"),
}

// startForeign starts one and returns the first line that it prints.
func startForeign(name string) (*child, string, error) {
	command, ok := foreign[name]
	if !ok {
		return nil, "", fmt.Errorf("no peer is called %q", name)
	}
	if runtime.GOOS != "linux" {
		return nil, "", fmt.Errorf("%w: only on Linux", errors.ErrUnsupported)
	}
	args, err := command()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	diesWithUs(cmd)
	c, line, err := startChild(cmd)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	c.foreign = true
	return c, line, nil
}

// workspace is a directory for what is made, to be removed at the end.
var workspace = sync.OnceValues(func() (string, error) {
	madeWorkspace = true
	return os.MkdirTemp("", "bench")
})

var madeWorkspace bool

func removeWorkspace() {
	if madeWorkspace {
		if dir, err := workspace(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
}

// unpack copies a source into the workspace, and returns where it is.
func unpack(source, as string) (string, error) {
	dir, err := workspace()
	if err != nil {
		return "", err
	}
	data, err := peerSources.ReadFile("peers/" + source)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, as)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, data, 0o644)
}

// tool runs one and returns why it fails as a lack of something.
func tool(dir, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%w: there is no %s", errors.ErrUnsupported, name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "error") || strings.Contains(line, "Error") {
			return fmt.Errorf("%w: %s", errors.ErrUnsupported, strings.TrimSpace(line))
		}
	}
	return fmt.Errorf("%w: %s: %w", errors.ErrUnsupported, name, err)
}

// program compiles a server in C.
func program(source string, libraries ...string) func() ([]string, error) {
	return sync.OnceValues(func() ([]string, error) {
		if _, err := unpack("common.h", "common.h"); err != nil {
			return nil, err
		}
		from, err := unpack(source, source)
		if err != nil {
			return nil, err
		}
		to := strings.TrimSuffix(from, ".c")
		args := append([]string{"-O2", "-o", to, from}, libraries...)
		return []string{to}, tool("", "cc", args...)
	})
}

// crates are where Debian's packages of Rust libraries are, librust-tokio-dev here.
const crates = "/usr/share/cargo/registry"

// buildTokio makes the program of all its uses.
var buildTokio = sync.OnceValues(func() (string, error) {
	if found, _ := filepath.Glob(filepath.Join(crates, "tokio-1*")); len(found) == 0 {
		return "", fmt.Errorf("%w: there is no tokio in %s", errors.ErrUnsupported, crates)
	}
	manifest, err := unpack("Cargo.toml", "tokio/Cargo.toml")
	if err != nil {
		return "", err
	}
	if _, err := unpack("tokio.rs", "tokio/src/main.rs"); err != nil {
		return "", err
	}
	dir := filepath.Dir(manifest)
	return filepath.Join(dir, "target", "release", "peer"), tool(dir, "cargo", "build", "--quiet", "--release", "--offline",
		"--config", `source.crates-io.replace-with="debian"`,
		"--config", fmt.Sprintf("source.debian.directory=%q", crates))
})

func tokio(runtime, use string) func() ([]string, error) {
	return func() ([]string, error) {
		path, err := buildTokio()
		return []string{path, runtime, use}, err
	}
}

// interpreters are where Python is looked for.
var interpreters = []string{"python3", "/usr/bin/python3"}

// asyncioLoop runs a script in the first Python that has the loop.
func asyncioLoop(module, use string) func() ([]string, error) {
	return func() ([]string, error) {
		script, err := unpack("loop.py", "loop.py")
		if err != nil {
			return nil, err
		}
		var problem error
		for _, python := range slices.Compact(slices.Clone(interpreters)) {
			if problem = tool("", python, "-c", "import "+module); problem == nil {
				return []string{python, script, module, use}, nil
			}
		}
		return nil, problem
	}
}
