package lowlevel

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Token stands for a run and may be used from any goroutine. Two tokens of one
// run are equal (==). The zero Token is of no run.
type Token struct{ run *kernel.Run }

// CurrentToken returns the token of the run of ctx. A context that comes from no run
// has none: the error is anyio.ErrNoRun. After the end of the run the error is
// anyio.ErrRunFinished. Cancellation: ignored; it never waits.
func CurrentToken(ctx context.Context) (Token, error) {
	t := Token{kernel.Locate(ctx).Run().Whole()}
	if t.run == kernel.Ambient() {
		return Token{}, anyio.ErrNoRun
	}
	return t, t.Err()
}

// Err returns nil while the run goes on, anyio.ErrRunFinished after its end, and
// anyio.ErrNoRun for the zero Token.
func (t Token) Err() error {
	switch {
	case t.run == nil:
		return anyio.ErrNoRun
	case t.run.Ended():
		return anyio.ErrRunFinished
	}
	return nil
}

// Backend returns the name of the run's backend, "" for the zero Token.
func (t Token) Backend() string {
	if t.run == nil {
		return ""
	}
	return t.run.Backend.Name()
}

// Context returns a context of the run as a whole, for goroutines that do not run one
// of its tasks: blocking functions called with it block the goroutine alone, obey the
// context that was given to anyio.Run, and see the run's clock and variables. They are
// canceled when the run ends. The error is that of Err.
func (t Token) Context() (context.Context, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	return &t.run.Root, nil
}

func (t Token) String() string { return "Token(" + t.Backend() + ")" }
