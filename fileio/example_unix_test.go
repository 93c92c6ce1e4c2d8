//go:build unix

package fileio_test

import (
	"fmt"

	"github.com/anyio-go/anyio/fileio"
)

func ExamplePath() {
	p := fileio.Path("/srv/data/archive.tar.gz")
	fmt.Println(p.Name(), p.Stem(), p.Suffixes(), p.Parent())
	zip, err := p.WithSuffix(".zip")
	fmt.Println(zip, err)
	rel, err := p.RelativeTo("/srv")
	fmt.Println(rel, err)
	up, err := p.RelativeUp("/srv/logs")
	fmt.Println(up, err)
	fmt.Println(p.FullMatch("/srv/**/*.gz"))
	// Output:
	// archive.tar.gz archive.tar [.tar .gz] /srv/data
	// /srv/data/archive.tar.zip <nil>
	// data/archive.tar.gz <nil>
	// ../data/archive.tar.gz <nil>
	// true
}
