package process

import "context"

// Task returns a task for anyio.Start, which starts the process and hands it over:
//
//	server, err := anyio.Start(ctx, tg, process.Task(process.Command{Args: args}))
//
// The task ends when the process has ended. A program that does not end with code 0 gives
// an *ExitError, without its output, unless AnyExit is set. The streams of a process that
// has ended stay open, for who still reads them; Close it as any other. Cancellation: the
// process is ended as Close does it.
func Task(c Command) func(ctx context.Context, started func(*Process)) error {
	return func(ctx context.Context, started func(*Process)) error {
		p, err := Start(ctx, c)
		if err != nil {
			return err
		}
		started(p)
		code, err := p.Wait(ctx)
		if err != nil {
			if closing := p.Close(ctx); closing != nil {
				err = closing
			}
			return err
		}
		if code != 0 && !c.AnyExit {
			return &ExitError{Command: c.String(), Result: Result{Code: code}}
		}
		return nil
	}
}
