package cluster

import (
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
)

func misuse(format string, args ...any) error {
	return &anyio.MisuseError{Text: "cluster: " + fmt.Sprintf(format, args...)}
}

// check returns an error for what is no member.
func (c *Conn) check(by string) error {
	if c == nil || c.bus == nil {
		return misuse("%s: the Conn is nil; want one of Open, or of Serving in a function that was called over a cluster", by)
	}
	return nil
}

// checkCall returns an error for what cannot be called.
func checkCall[In, Out any](by string, c *Conn, fn *process.Function[In, Out], codec Codec) error {
	if err := c.check(by); err != nil {
		return err
	}
	if fn == nil || fn.Name() == "" {
		return misuse("%s: the function is nil; want one of process.Register", by)
	}
	return checkCodec(by, codec)
}

func checkCodec(by string, codec Codec) error {
	if codec == nil {
		return misuse("%s: the codec of With is nil; want Gob, JSON, or another one", by)
	}
	return nil
}
