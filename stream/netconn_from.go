package stream

import (
	"io"
	"math"
	"os"
)

// ReadFrom implements io.ReaderFrom: net/http sends files so.
func (c *netConn) ReadFrom(r io.Reader) (n int64, err error) {
	src, most := r, int64(math.MaxInt64)
	limited, _ := r.(*io.LimitedReader)
	if limited != nil {
		src, most = limited.R, limited.N
	}
	if file, ok := src.(*os.File); ok && most > 0 {
		f := &movedFile{file, most}
		_, err = c.do("readfrom", &c.write, nil, f)
		if n = most - f.left; limited != nil {
			limited.N = f.left
		}
		if err != nil {
			return n, err
		}
	}
	// The rest, often none, ends with the error of the reader.
	k, err := io.Copy(struct{ io.Writer }{c}, r)
	return n + k, err
}

// A movedFile is what the system is to send of a file, beginning at its offset.
type movedFile struct {
	file *os.File
	left int64 // bytes at most
}
