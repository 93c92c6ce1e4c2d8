package socket

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// WaitReadable waits until reading from a descriptor would not block; nothing is
// read. obj is the descriptor, an int or uintptr, or something that has one: a
// syscall.Conn such as a net.TCPConn or an os.File, or anything with a method Fd. It
// must stay open meanwhile: call NotifyClosing before closing it.
//
// The errors are an *anyio.BusyError if another task waits for the same, ErrClosed
// after NotifyClosing, and one that matches errors.ErrUnsupported in the simulator.
// Cancellation: nothing is left behind.
func WaitReadable(ctx context.Context, obj any) error {
	return waitFD(ctx, "WaitReadable", obj, false)
}

// WaitWritable waits until writing to a descriptor would not block. Otherwise it is
// like WaitReadable. Cancellation: nothing is left behind.
func WaitWritable(ctx context.Context, obj any) error {
	return waitFD(ctx, "WaitWritable", obj, true)
}

func waitFD(ctx context.Context, function string, obj any, write bool) error {
	fd, err := fdOf(function, obj)
	if err == nil {
		err = kernel.NetworkOf(ctx).WaitFD(ctx, fd, write)
		keepAlive(obj)
	}
	switch {
	case err == nil || errors.Is(err, anyio.ErrCanceled):
		return err
	case errors.Is(err, net.ErrClosed):
		return anyio.ErrClosed
	case errors.Is(err, syscall.EBUSY):
		return &anyio.BusyError{Action: map[bool]string{false: "reading from", true: "writing to"}[write]}
	}
	return err
}

// NotifyClosing wakes those who wait in WaitReadable and WaitWritable for a descriptor
// that is about to be closed; they get ErrClosed. It does not close it, and does not
// wait. An obj that has no descriptor, or no longer, is ignored.
func NotifyClosing(ctx context.Context, obj any) {
	if fd, err := fdOf("NotifyClosing", obj); err == nil {
		kernel.NetworkOf(ctx).NotifyClosing(ctx, fd)
		keepAlive(obj)
	}
}
