package asyncio_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/process"
)

func ExampleCreateSubprocess() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		p, err := asyncio.CreateSubprocess(ctx, process.Command{Args: []string{"sort"}}, 0)
		if err != nil {
			return err
		}
		out, _, err := p.Communicate(ctx, []byte("b\na\n"))
		fmt.Printf("%s", out)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// a
	// b
}
