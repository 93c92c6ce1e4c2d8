package simnet

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/netaddr"
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

// bindUnix makes the file of a socket. Without a path the socket gets an abstract
// name, as autobind does.
func (h *Host) bindUnix(path string, node *unixNode) (name string, err error) {
	name = netaddr.UnixName(path)
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
	name := netaddr.UnixName(path)
	if len(name) > maxPath || name == "" {
		return nil, syscall.EINVAL
	}
	node := h.files[name]
	switch {
	case node == nil && netaddr.IsAbstract(name):
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
	if netaddr.IsAbstract(name) && h.files[name] == node {
		delete(h.files, name)
	}
}

// RemoveSocketFile removes the file of a UNIX socket from the host that ctx
// belongs to, if it is there. All files of simulated hosts are sockets.
func (n *Net) RemoveSocketFile(ctx context.Context, path string) error {
	n.lock()
	defer n.unlock()
	h, _ := n.here(ctx)
	if !netaddr.IsAbstract(path) {
		delete(h.files, path)
	}
	return nil
}

// Chmod sets the permissions of a socket's file. Connecting needs 0200.
func (n *Net) Chmod(ctx context.Context, path string, mode uint32) error {
	n.lock()
	defer n.unlock()
	h, _ := n.here(ctx)
	node := h.files[path]
	if node == nil || netaddr.IsAbstract(path) {
		return &os.PathError{Op: "chmod", Path: path, Err: syscall.ENOENT}
	}
	node.mode = mode
	return nil
}
