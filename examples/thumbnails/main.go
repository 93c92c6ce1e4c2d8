// Thumbnails makes small copies of the pictures in a folder. Files are listed, read and
// written with fileio, so no task is held up by a disk. Decoding takes long, and a
// picture may be made to bring a decoder down: it is done in worker processes, which
// are this program, started again. A thumbnail appears under its name when it is whole.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/process"
)

// shrink runs in the workers: it takes every fourth point of every fourth line.
var shrink = process.Register("shrink", func(ctx context.Context, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("bomb")) {
		os.Exit(2) // stands for a decoder that crashes, or is killed for want of memory
	}
	big, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	small := image.NewGray(image.Rect(0, 0, big.Bounds().Dx()/4, big.Bounds().Dy()/4))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			small.Set(x, y, big.At(4*x, 4*y))
		}
	}
	var out bytes.Buffer
	err = png.Encode(&out, small)
	return out.Bytes(), err
})

// thumbnail makes one small copy.
func thumbnail(ctx context.Context, dst, src fileio.Path) error {
	data, err := src.ReadBytes(ctx)
	if err != nil {
		return err
	}
	if data, err = shrink.Call(ctx, data); err != nil {
		return err
	}
	return replace(ctx, dst, data)
}

// replace writes a file that is seen by others as it was or as it will be, but never
// half: under a name of its own in the same folder, which then becomes its name.
func replace(ctx context.Context, dst fileio.Path, data []byte) (err error) {
	f, tmp, err := fileio.CreateTemp(ctx, fileio.TempOptions{Dir: string(dst.Parent()), Prefix: ".new-"})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // perhaps the cancellation: a plain tmp.Remove(ctx) would fail, too
			err = errors.Join(err, anyio.Shielded(ctx, time.Second, tmp.RemoveIfExists))
		}
	}()
	_, err = f.Write(ctx, data)
	if err = errors.Join(err, f.Close(ctx)); err != nil {
		return err
	}
	if err := tmp.Chmod(ctx, 0o644); err != nil { // a temporary file is for its owner only
		return err
	}
	_, err = tmp.Replace(ctx, dst)
	return err
}

// thumbnails makes a copy of each picture, four at a time; the limiter of the workers
// has as many tokens as there are processors. One that fails does not stop the others.
func thumbnails(ctx context.Context, to, from fileio.Path) error {
	var pictures []fileio.Path
	for p, err := range from.Glob(ctx, "*.png") {
		if err != nil {
			return err
		}
		pictures = append(pictures, p)
	}
	failures, err := anyio.Map(ctx, pictures, 4, func(ctx context.Context, p fileio.Path) (error, error) {
		err := thumbnail(ctx, to.Join(p.Name()), p)
		if errors.Is(err, anyio.ErrCanceled) {
			return nil, err
		}
		return err, nil
	})
	if err != nil {
		return err
	}
	for i, p := range pictures {
		if err := failures[i]; err != nil {
			fmt.Printf("%s: %v\n", p.Name(), err)
			continue
		}
		info, err := to.Join(p.Name()).Stat(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s: made, smaller than a kilobyte: %t\n", p.Name(), info.Size() < 1000)
	}
	return nil
}

func main() {
	process.WorkerMain() // in a worker this does not return
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		dir, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{})
		if err != nil {
			return err
		}
		defer dir.Close(ctx)
		from, to := dir.Path().Join("pictures"), dir.Path().Join("thumbnails")
		if err := errors.Join(paint(ctx, from), to.Mkdir(ctx, fileio.MkdirOptions{})); err != nil {
			return err
		}
		return thumbnails(ctx, to, from)
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		fmt.Fprintln(os.Stderr, "thumbnails:", err)
		os.Exit(1)
	}
}

// paint fills a folder with pictures, one of which is none, and one worse.
func paint(ctx context.Context, dir fileio.Path) error {
	if err := dir.Mkdir(ctx, fileio.MkdirOptions{}); err != nil {
		return err
	}
	for n := range 6 {
		var data bytes.Buffer
		img := image.NewGray(image.Rect(0, 0, 160, 120))
		for i := range img.Pix {
			img.Pix[i] = uint8(i * n)
		}
		if err := png.Encode(&data, img); err != nil {
			return err
		}
		if err := dir.Join(fmt.Sprintf("%d.png", n)).WriteBytes(ctx, data.Bytes()); err != nil {
			return err
		}
	}
	return errors.Join(dir.Join("6.png").WriteText(ctx, "this is no picture"), dir.Join("7.png").WriteText(ctx, "bomb"))
}
