package process

import "time"

// SetIdleFor sets after how long an idle worker is ended, and returns what it was.
func SetIdleFor(d time.Duration) (was time.Duration) {
	was, idleFor = idleFor, d
	return was
}

// SetReadyWithin sets how long a worker may take to start, and returns what it was.
func SetReadyWithin(d time.Duration) (was time.Duration) {
	was, readyWithin = readyWithin, d
	return was
}

// DecodeAnswer decodes what a worker has sent: one frame, an answer and its value.
func DecodeAnswer(data []byte) (value string, err error) {
	if len(data) < frameHeader {
		return "", errGarbage
	}
	n, err := bodyLength(data)
	if err != nil || n != len(data)-frameHeader {
		return "", errGarbage
	}
	c := newCodec()
	c.load(data[frameHeader:])
	var a answer
	if err := c.decode(&a); err != nil {
		return "", err
	}
	if a.Failed {
		return "", a.errorOf("fuzz")
	}
	err = c.decode(boxed(&value))
	return value, err
}

// EncodeAnswer is what a worker sends.
func EncodeAnswer(value string) ([]byte, error) { return newCodec().encode(answer{}, boxed(&value)) }

// EncodeFailure is what it sends when the function has failed.
func EncodeFailure(err error) ([]byte, error) { return newCodec().encode(failure(err, nil)) }
