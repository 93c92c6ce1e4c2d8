package fileio_test

import (
	"context"
	"fmt"
	"log"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/stream"
)

// run runs an example's body with a folder that is removed afterwards.
func run(body func(ctx context.Context, dir fileio.Path) error) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		tmp, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{})
		if err != nil {
			return err
		}
		defer tmp.Close(ctx)
		return body(ctx, tmp.Path())
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleFile() {
	run(func(ctx context.Context, dir fileio.Path) error {
		f, err := fileio.Create(ctx, string(dir.Join("poem.txt")))
		if err != nil {
			return err
		}
		defer f.Close(ctx)
		if err := f.WriteLines(ctx, "roses\n", "violets\n"); err != nil {
			return err
		}
		if _, err := f.Seek(ctx, 0, 0); err != nil {
			return err
		}
		for line, err := range f.Lines(ctx) {
			if err != nil {
				return err
			}
			fmt.Print(line)
		}
		return nil
	})
	// Output:
	// roses
	// violets
}

func ExamplePath_Glob() {
	run(func(ctx context.Context, dir fileio.Path) error {
		for _, name := range []string{"b.go", "a.go", "sub/c.go", "sub/notes.txt"} {
			p := dir.Join(name)
			if err := p.Parent().Mkdir(ctx, fileio.MkdirOptions{Parents: true, ExistOK: true}); err != nil {
				return err
			}
			if err := p.WriteText(ctx, name); err != nil {
				return err
			}
		}
		for p, err := range dir.RGlob(ctx, "*.go") {
			if err != nil {
				return err
			}
			rel, _ := p.RelativeTo(dir)
			fmt.Println(rel.ToSlash())
		}
		return nil
	})
	// Output:
	// a.go
	// b.go
	// sub/c.go
}

func ExamplePath_Walk() {
	run(func(ctx context.Context, dir fileio.Path) error {
		for _, name := range []string{"src/deep", "build"} {
			if err := dir.Join(name).Mkdir(ctx, fileio.MkdirOptions{Parents: true}); err != nil {
				return err
			}
		}
		for folder, err := range dir.Walk(ctx, fileio.WalkOptions{}) {
			if err != nil {
				return err
			}
			if folder.Path == dir {
				folder.Dirs = []string{"src"} // do not go into the other
			} else {
				fmt.Println(folder.Path.Name(), folder.Dirs)
			}
		}
		return nil
	})
	// Output:
	// src [deep]
	// deep []
}

func ExampleCopy() {
	run(func(ctx context.Context, dir fileio.Path) error {
		src, dst := dir.Join("src"), dir.Join("dst")
		if err := src.WriteBytes(ctx, make([]byte, 10<<20)); err != nil {
			return err
		}
		return fileio.Copy(ctx, dst, src, func(done, total int64) {
			fmt.Printf("%d%%\n", 100*done/total)
		})
	})
	// Output:
	// 40%
	// 80%
	// 100%
}

func ExampleSpooledTempFile() {
	run(func(ctx context.Context, dir fileio.Path) error {
		f := fileio.SpooledTempFile(8, fileio.TempOptions{})
		defer f.Close(ctx)
		for range 3 {
			if _, err := f.WriteString(ctx, "four"); err != nil {
				return err
			}
			fmt.Println(f.InMemory())
		}
		return nil
	})
	// Output:
	// true
	// true
	// false
}

// Lines of a file in another encoding, whatever they end with.
func ExampleTextFile() {
	run(func(ctx context.Context, dir fileio.Path) error {
		p := dir.Join("letter.txt")
		if err := p.WriteBytes(ctx, []byte("Gr\xfc\xdfe\r\nA.\r\n")); err != nil {
			return err
		}
		f, err := p.OpenText(ctx, stream.Encoding("iso-8859-1"))
		if err != nil {
			return err
		}
		defer f.Close(ctx)
		f.Newline = fileio.AnyNewline
		for line, err := range f.Lines(ctx) {
			if err != nil {
				return err
			}
			fmt.Printf("%q\n", line)
		}
		return nil
	})
	// Output:
	// "Grüße\n"
	// "A.\n"
}

// Another program is to read the file by its name.
func ExampleWithNamedTempFile() {
	run(func(ctx context.Context, dir fileio.Path) error {
		var p fileio.Path
		opts := fileio.TempOptions{Dir: string(dir), Suffix: ".txt"}
		err := fileio.WithNamedTempFile(ctx, opts, func(ctx context.Context, f *fileio.File) error {
			p = fileio.NewPath(f.Name())
			if _, err := f.WriteString(ctx, "for the other program"); err != nil {
				return err
			}
			if err := f.Close(ctx); err != nil { // on Windows nobody could open it otherwise
				return err
			}
			fmt.Println(p.ReadText(ctx)) // as the other program would
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println(p.Exists(ctx))
		return nil
	})
	// Output:
	// for the other program <nil>
	// false <nil>
}

// Calls of paths take no more than two threads, however many tasks make them.
func ExampleWithLimiter() {
	run(func(ctx context.Context, dir fileio.Path) error {
		ctx = fileio.WithLimiter(ctx, anyio.NewCapacityLimiter(2))
		names := []string{"a", "b", "c", "d"}
		_, err := anyio.Map(ctx, names, 0, func(ctx context.Context, name string) (struct{}, error) {
			return struct{}{}, dir.Join(name).WriteText(ctx, name)
		})
		if err != nil {
			return err
		}
		for p, err := range dir.Children(ctx) {
			fmt.Println(p.Name(), err)
		}
		return nil
	})
	// Output:
	// a <nil>
	// b <nil>
	// c <nil>
	// d <nil>
}
