package process_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio/process"
)

// Whatever comes from a worker gives a value or an error, and what was an answer
// gives its value.
func FuzzAnswersOfWorkers(f *testing.F) {
	for _, value := range []string{"", "value"} {
		frame, err := process.EncodeAnswer(value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(frame))
		f.Add(bytes.Clone(frame[:len(frame)-1]))
	}
	frame, err := process.EncodeFailure(fmt.Errorf("wrapped: %w", &codeError{7}))
	if err != nil {
		f.Fatal(err)
	}
	if _, err := process.DecodeAnswer(frame); !errors.As(err, new(*codeError)) {
		f.Fatalf("a failure came back as %v", err)
	}
	f.Add(bytes.Clone(frame))
	f.Add([]byte("AnYW\x00\x00\x00\x02ab"))
	f.Add([]byte("AnYW\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := process.DecodeAnswer(data)
		if err != nil {
			return
		}
		frame, err := process.EncodeAnswer(value)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := process.DecodeAnswer(frame); again != value || err != nil {
			t.Errorf("%q came back as %q, %v", value, again, err)
		}
	})
}
