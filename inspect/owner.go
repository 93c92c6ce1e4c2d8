package inspect

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ownerOf describes an owner.
func ownerOf(who kernel.Owner) Owner {
	o := Owner{Place: who.By.Place()}
	switch {
	case who.Task != nil:
		o.Ref = refOf(who.Task)
		o.Name = who.Task.Name()
	case who.Name != "":
		o.Name = who.Name
	case who.ID != 0:
		o.Name = fmt.Sprintf("goroutine %d", who.ID)
	default:
		o.Name = "a borrower that is no task"
	}
	return o
}

// Of returns the task that ctx belongs to; ok is false if it belongs to none.
func Of(ctx context.Context) (ref Ref, ok bool) {
	t := kernel.Locate(ctx).Task()
	if t == nil {
		return Ref{}, false
	}
	return refOf(t), true
}

func refOf(t *kernel.Task) Ref {
	return Ref{t.Scope.Run().Whole().Birth().Number, t.ID()}
}
