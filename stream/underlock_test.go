package stream

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/locktest"
)

// Their locks are no mutexes of package sync, which notice it if they are unlocked only.
func TestStreamsAreUsedUnderTheirLocks(t *testing.T) {
	ctx := context.Background()
	w := kernel.GetWaiter()

	memory := func(what string, f func(s *MemorySendStream[int], r *MemoryReceiveStream[int])) {
		s, r := Memory[int](1)
		locktest.Takes(t, "a memory stream's "+what, &s.m.mu, func() { f(s, r) })
	}
	memory("Send", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { _ = s.Send(ctx, 1) })
	memory("TrySend", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { _ = s.TrySend(1) })
	memory("Clone of the sender", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { s.Clone() })
	memory("Close of the sender", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { _ = s.Close(ctx) })
	memory("TryReceive", func(_ *MemorySendStream[int], r *MemoryReceiveStream[int]) { _, _ = r.TryReceive() })
	memory("Clone of the receiver", func(_ *MemorySendStream[int], r *MemoryReceiveStream[int]) { r.Clone() })
	memory("Close of the receiver", func(_ *MemorySendStream[int], r *MemoryReceiveStream[int]) { _ = r.Close(ctx) })
	memory("Statistics", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { s.Statistics() })
	for what, f := range map[string]func(c kernel.Case){
		"Try":     func(c kernel.Case) { _, _ = c.Try() },
		"Ready":   func(c kernel.Case) { c.Ready() },
		"Enqueue": func(c kernel.Case) { c.Enqueue(w, 0) },
		"Dequeue": kernel.Case.Dequeue,
	} {
		memory(what+" to send", func(s *MemorySendStream[int], _ *MemoryReceiveStream[int]) { f(&sendCase[int]{e: &s.end, item: 1}) })
		memory(what+" to receive", func(_ *MemorySendStream[int], r *MemoryReceiveStream[int]) { f(&receiveCase[int]{e: &r.end}) })
	}
	s, r := Memory[int](1)
	_ = s.TrySend(1)
	locktest.Takes(t, "a memory stream's Receive", &s.m.mu, func() { _, _ = r.Receive(ctx) })

	cast := func(what string, f func(s *BroadcastSendStream[int], r *BroadcastReceiveStream[int])) {
		s := Broadcast[int](BroadcastConfig{})
		r := s.Subscribe()
		locktest.Takes(t, "a broadcast's "+what, &s.b.mu, func() { f(s, r) })
	}
	cast("Subscribe", func(s *BroadcastSendStream[int], _ *BroadcastReceiveStream[int]) { s.Subscribe() })
	cast("Send", func(s *BroadcastSendStream[int], _ *BroadcastReceiveStream[int]) { _ = s.Send(ctx, 1) })
	cast("TrySend", func(s *BroadcastSendStream[int], _ *BroadcastReceiveStream[int]) { _ = s.TrySend(1) })
	cast("Close", func(s *BroadcastSendStream[int], _ *BroadcastReceiveStream[int]) { _ = s.Close(ctx) })
	cast("Statistics", func(s *BroadcastSendStream[int], _ *BroadcastReceiveStream[int]) { s.Statistics() })
	cast("TryReceive", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) { _, _ = r.TryReceive() })
	cast("Dropped", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) { r.Dropped() })
	cast("Close of a receiver", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) { _ = r.Close(ctx) })
	cast("Try", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) {
		_, _ = (&broadcastCase[int]{r: r}).Try()
	})
	cast("Ready", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) {
		(&broadcastCase[int]{r: r}).Ready()
	})
	cast("Enqueue", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) {
		(&broadcastCase[int]{r: r}).Enqueue(w, 0)
	})
	cast("Dequeue", func(_ *BroadcastSendStream[int], r *BroadcastReceiveStream[int]) {
		(&broadcastCase[int]{r: r}).Dequeue()
	})

	half := func(what string, f func(h *pipe)) {
		h := &pipe{limit: 1}
		locktest.Takes(t, "a pipe's "+what, &h.mu, func() { f(h) })
	}
	half("Send", func(h *pipe) { _ = (&pipeEnd{out: h}).Send(ctx, []byte("x")) })
	half("SendEOF", func(h *pipe) { _ = (&pipeEnd{out: h}).SendEOF(ctx) })
	half("Receive", func(h *pipe) { h.ended = true; _, _ = (&pipeEnd{in: h}).Receive(ctx, make([]byte, 1)) })
	half("Close by the sender", func(h *pipe) { h.closeSender(&kernel.Woken{}) })
	half("Close by the receiver", func(h *pipe) { h.closeReceiver(&kernel.Woken{}) })
}
