package stream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

func TestMemoryKeepsTheRulesOfObjectStreams(t *testing.T) {
	for _, buffer := range []int{0, 1, 5, stream.Unbounded} {
		name := fmt.Sprintf("buffer=%d", buffer)
		if buffer == stream.Unbounded {
			name = "buffer=unbounded"
		}
		t.Run(name, func(t *testing.T) {
			anyiotest.TestObjectStream(t, func(ctx context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
				send, recv := stream.Memory[int](buffer)
				return send, recv, buffer, nil
			})
		})
	}
}
