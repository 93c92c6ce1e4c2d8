package stream_test

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/text/encoding/ianaindex"

	"github.com/anyio-go/anyio/stream"
)

// FuzzTextDecoding decodes arbitrary bytes whole and in pieces, and compares with
// what package encoding says.
func FuzzTextDecoding(f *testing.F) {
	for i, c := range textSamples {
		enc, err := ianaindex.IANA.Encoding(c.encoding)
		if err != nil {
			f.Fatal(err)
		}
		data, err := enc.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint(i), uint64(i))
		f.Add(append(append([]byte{0x81}, data[:len(data)-1]...), 0x1b, '$'), uint(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint, seed uint64) {
		name := textSamples[which%uint(len(textSamples))].encoding
		rng := rand.New(rand.NewPCG(seed, 0))
		for _, policy := range []stream.ErrorPolicy{stream.Strict, stream.Replace, stream.Ignore} {
			opts := []stream.TextOption{stream.Encoding(name), stream.OnTextError(policy)}
			var parts []string
			if len(data) > 0 {
				parts = []string{string(data)}
			}
			whole, _ := receiveText(t, pieces(parts...), opts...)
			chopped, _ := receiveText(t, chop(data, rng), opts...)
			if whole != chopped {
				t.Fatalf("%s, policy %d: %q is %q whole and %q in pieces", name, policy, data, whole, chopped)
			}
			if policy != stream.Replace {
				continue
			}
			want := string([]rune(string(data)))
			if name != "utf-8" {
				enc, _ := ianaindex.IANA.Encoding(name)
				var err error
				if want, err = enc.NewDecoder().String(string(data)); err != nil {
					t.Fatal(err)
				}
			}
			if whole != want {
				t.Fatalf("%s: %q is %q, want %q", name, data, whole, want)
			}
		}
	})
}
