package stream

import (
	"context"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// Attributes of file streams.
var (
	// AttrFile is the file itself.
	AttrFile = attr.New[*os.File]("file")
	// AttrFilePath is the path that the file was opened with, if it has one.
	AttrFilePath = attr.New[string]("file.path")
	// AttrFileDescriptor is the file's descriptor, on Windows its handle. Unlike the
	// method Fd it does not change how the file blocks.
	AttrFileDescriptor = attr.New[uintptr]("file.descriptor")
)

// ownCall tells RunBlocking that a function calls nobody else's.
var ownCall = inside.OwnCall.(anyio.BlockingOption)

// A fileStream is what both kinds of file streams are made of.
type fileStream struct {
	file   *os.File
	guard  anyio.ResourceGuard // held by the call that goes on
	p      []byte              // of that call
	rw     func() (int, error) // reads to p or writes it; made once, so that calls need no closure
	closed atomic.Bool
	watch  *unclosed.Watch

	mu      sync.Mutex
	calling bool         // a call goes on
	place   kernel.Place // of that call
	decided bool         // it was closed before it was canceled
}

func (s *fileStream) open(file *os.File, action string, rw func(p []byte) (int, error)) {
	s.file, s.guard.Action = file, action
	s.rw = func() (int, error) {
		n, err := rw(s.p)
		if err == io.EOF {
			return n, anyio.ErrEndOfStream
		}
		return n, outsideError(err)
	}
}

// enter begins a call; release must follow.
func (s *fileStream) enter(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if s.closed.Load() {
		return p.CanceledOr(anyio.ErrClosed)
	}
	return s.guard.Acquire()
}

// do reads to p or writes it.
func (s *fileStream) do(ctx context.Context, p []byte) (int, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	s.p = p
	place := kernel.Locate(ctx)
	open := s.calls(true, place)
	defer func() {
		s.p = nil
		s.calls(false, kernel.Place{})
		s.guard.Release()
	}()
	if !open {
		return 0, place.CanceledOr(anyio.ErrClosed)
	}
	n, err := anyio.RunBlockingValue(ctx, s.rw, ownCall)
	if err == anyio.ErrClosed && !s.closedFirst() {
		err = place.CanceledOr(err)
	}
	return n, err
}

// calls tells that a call begins, and whose, or has ended. Nothing can interrupt it, and
// when it has failed because of Close, it may have been canceled as well: so Close notes
// which of the two was first. It is not open if it was closed since enter: then Close may not
// have heard of the call.
func (s *fileStream) calls(goesOn bool, p kernel.Place) (open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calling, s.place = goesOn, p
	return !s.closed.Load()
}

// decide is told of Close, and tells whether a call goes on.
func (s *fileStream) decide() (calling bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decided = s.calling && s.place.CanceledOr(nil) == nil
	return s.calling
}

// closedFirst reports whether the call that goes on was closed before it was canceled.
func (s *fileStream) closedFirst() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decided
}

// Close closes the file; further calls do nothing. Of a file that was written, an
// *anyio.BrokenError tells that data may be lost. Cancellation: ignored; the file is
// closed.
func (s *fileStream) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	var file io.Closer = s.file
	if s.decide() {
		file = offload.Waking{File: s.file}
	}
	s.watch.Stop()
	runtime.KeepAlive(s)
	return closeOutside(ctx, file)
}

// Attributes returns AttrFile, AttrFilePath if the file has a name, and
// AttrFileDescriptor.
func (s *fileStream) Attributes() attr.Set {
	a := attr.NewSet(AttrFile.Value(s.file), AttrFileDescriptor.Func(s.descriptor))
	if name := s.file.Name(); name != "" {
		a = a.With(AttrFilePath.Value(name))
	}
	return a
}

func (s *fileStream) descriptor() (fd uintptr, err error) {
	if s.closed.Load() {
		return 0, anyio.ErrClosed
	}
	raw, err := s.file.SyscallConn()
	if err == nil {
		err = raw.Control(func(d uintptr) { fd = d })
	}
	return fd, outsideError(err)
}
