//go:build !unix

package ossignal

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Refusal says why a signal cannot be received, "" if it can.
func Refusal(s os.Signal) string {
	switch {
	case reflect.TypeOf(s) != reflect.TypeOf(os.Interrupt):
		return fmt.Sprintf("%v (%T) is not a signal of this system: want a %T", s, s, os.Interrupt)
	case strings.HasPrefix(s.String(), "signal "): // it has no name
		return fmt.Sprintf("there is no %v", s)
	case s == os.Kill:
		return "the system lets no process receive os.Kill"
	}
	return ""
}
