package errcmp

import "github.com/anyio-go/anyio"

func single(err error) bool {
	return err == anyio.ErrBroken // want `errcmp: .*anyio.ErrBroken`
}
