package simnet

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// maxPath is the most bytes that the address of a UNIX socket has room for.
const maxPath = 107

// A unixNode is what a path of a host stands for: a socket, or the file that a
// closed one has left.
type unixNode struct {
	stream *unixListener
	gram   *unixgram
	mode   uint32
}

// unixName is a path as the host keeps it: names that begin with NUL or @ are in
// the abstract name space.
func unixName(path string) (name string, abstract bool) {
	if rest, ok := strings.CutPrefix(path, "\x00"); ok {
		path = "@" + rest
	}
	return path, strings.HasPrefix(path, "@")
}

// bindUnix makes the file of a socket. Without a path the socket gets an abstract
// name, as autobind does.
func (h *Host) bindUnix(path string, node *unixNode) (name string, err error) {
	name, _ = unixName(path)
	if len(name) > maxPath {
		return "", syscall.EINVAL
	}
	for i := 1; name == ""; i++ {
		if auto := fmt.Sprintf("@%05x", i); h.files[auto] == nil {
			name = auto
		}
	}
	if h.files[name] != nil {
		return "", syscall.EADDRINUSE
	}
	node.mode = 0o755
	h.files[name] = node
	return name, nil
}

// findUnix is what a path stands for. Whoever connects needs the permission to
// write that the owner of the file has.
func (h *Host) findUnix(path string) (*unixNode, error) {
	name, abstract := unixName(path)
	if len(name) > maxPath || name == "" {
		return nil, syscall.EINVAL
	}
	node := h.files[name]
	switch {
	case node == nil && abstract:
		return nil, syscall.ECONNREFUSED
	case node == nil:
		return nil, syscall.ENOENT
	case node.mode&0o200 == 0:
		return nil, syscall.EACCES
	}
	return node, nil
}

// leaveUnix is the end of a socket with a name: its file stays behind.
func (h *Host) leaveUnix(name string, node *unixNode) {
	node.stream, node.gram = nil, nil
	if _, abstract := unixName(name); abstract && h.files[name] == node {
		delete(h.files, name)
	}
}

// RemoveSocketFile removes the file of a UNIX socket from the host that ctx
// belongs to, if it is there. All files of simulated hosts are sockets.
func (n *Net) RemoveSocketFile(ctx context.Context, path string) error {
	n.lock()
	defer n.unlock()
	h, _ := n.here(ctx)
	if name, abstract := unixName(path); !abstract {
		delete(h.files, name)
	}
	return nil
}

// Chmod sets the permissions of a socket's file. Connecting needs 0200.
func (n *Net) Chmod(ctx context.Context, path string, mode uint32) error {
	n.lock()
	defer n.unlock()
	h, _ := n.here(ctx)
	name, abstract := unixName(path)
	node := h.files[name]
	if node == nil || abstract {
		return &os.PathError{Op: "chmod", Path: path, Err: syscall.ENOENT}
	}
	node.mode = mode
	return nil
}

// unixFail is opError for UNIX sockets.
func unixFail(op, call, network, local, remote string, err error) error {
	return opError(op, call, network, kernel.Addr{Path: local}, kernel.Addr{Path: remote}, err)
}
