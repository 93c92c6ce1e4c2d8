package process

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Parent and worker send each other frames: four bytes of mark, four of length, and
// a gob of one message. The gob streams go on over all frames, so that a type is
// described once. A value that cannot be encoded spoils its stream: then an empty
// frame tells the other side that both begin anew.

const (
	frameMark   = 0x416e5957 // "AnYW"
	frameHeader = 8
	maxFrame    = 1 << 30
	// bigFrame is after which size of a frame both sides begin with a new codec: one
	// keeps the memory that its biggest message took.
	bigFrame = 1 << 20
)

// anew is the empty frame.
var anew = func() []byte {
	frame := make([]byte, frameHeader)
	_ = putHeader(frame)
	return frame
}()

var errGarbage = errors.New("what came is no frame")

// putHeader writes the header of a frame into its first bytes.
func putHeader(frame []byte) error {
	n := len(frame) - frameHeader
	if n > maxFrame {
		return fmt.Errorf("process: a message of %d bytes; at most %d can be sent", n, maxFrame)
	}
	binary.BigEndian.PutUint32(frame, frameMark)
	binary.BigEndian.PutUint32(frame[4:], uint32(n))
	return nil
}

// bodyLength reads a header.
func bodyLength(header []byte) (int, error) {
	n := binary.BigEndian.Uint32(header[4:])
	if binary.BigEndian.Uint32(header) != frameMark || n > maxFrame {
		return 0, errGarbage
	}
	return int(n), nil
}

// A codec turns values into frames and back. Once a method has failed it must not
// be used any more.
type codec struct {
	out bytes.Buffer // the frame that is written
	in  bytes.Reader // what is left of the frame that is read
	enc *gob.Encoder
	dec *gob.Decoder
	big bool // a frame was big
}

// next is the codec for the next call: both sides see the same frames, and agree.
func (c *codec) next() *codec {
	if c.big {
		return newCodec()
	}
	return c
}

func newCodec() *codec {
	c := &codec{}
	c.enc, c.dec = gob.NewEncoder(&c.out), gob.NewDecoder(&c.in)
	return c
}

// encode makes a frame of the values, valid until the next call.
func (c *codec) encode(values ...any) ([]byte, error) {
	c.out.Reset()
	c.out.Write(make([]byte, frameHeader))
	for _, v := range values {
		var f cycleFinder
		if f.hasCycle(reflect.ValueOf(v)) {
			return nil, &encodeError{errCycle}
		}
		if err := c.enc.Encode(v); err != nil {
			return nil, &encodeError{err}
		}
	}
	frame := c.out.Bytes()
	c.big = c.big || len(frame) > frameHeader+bigFrame
	if err := putHeader(frame); err != nil {
		return nil, &encodeError{err}
	}
	return frame, nil
}

// An encodeError says why a value cannot be sent.
type encodeError struct{ error }

func (e *encodeError) Unwrap() error { return e.error }

// load takes the body of a frame, for decode. It must stay as it is until the last
// value was decoded.
func (c *codec) load(body []byte) {
	c.big = c.big || len(body) > bigFrame
	c.in.Reset(body)
}

// decode reads the next value of the frame. A frame that is too short is no end of
// anything.
func (c *codec) decode(v any) error {
	err := c.dec.Decode(v)
	switch err {
	case nil:
		return nil
	case io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return &decodeError{err}
}

// A decodeError says why what came cannot be read.
type decodeError struct{ error }

func (e *decodeError) Unwrap() error { return e.error }
