package stream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

func TestPipeKeepsTheRulesOfByteStreams(t *testing.T) {
	for _, buffer := range []int{0, 1, 1000} {
		t.Run(fmt.Sprintf("buffer=%d", buffer), func(t *testing.T) {
			anyiotest.TestByteStream(t, func(context.Context) (a, b stream.ByteStream, err error) {
				a, b = stream.Pipe(buffer)
				return a, b, nil
			})
		})
	}
}
