package lowlevel

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// RegisterCancellation registers a function that recognizes errors of other libraries:
// those which mean that a call was canceled, or that its deadline passed, but do not
// match context.Canceled or context.DeadlineExceeded. For gRPC:
//
//	func init() {
//		lowlevel.RegisterCancellation(func(err error) bool {
//			code := status.Code(err)
//			return code == codes.Canceled || code == codes.DeadlineExceeded
//		})
//	}
//
// The function is called only with errors that come out of canceled scopes, once for each
// of the first 100 errors in a chain of wraps, and perhaps by several goroutines at once.
// It cannot be removed: register it when the program begins.
func RegisterCancellation(is func(err error) bool) {
	if is == nil {
		panic(&anyio.MisuseError{Text: "lowlevel.RegisterCancellation: the function is nil"})
	}
	inside.RegisterCancellation(is)
}
