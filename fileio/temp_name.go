package fileio

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio"
)

// tempTries is how many names are tried before a folder is taken for one in which all
// are taken.
const tempTries = 10_000

// newName calls create with names until there is one that nobody has, and returns it.
// Only the system knows who has it: create must fail with fs.ErrExist then. The name is
// absolute, so that it is removed where it was made though the working directory
// changes.
func newName(opts TempOptions, random func() string, create func(name string) error) (string, error) {
	if strings.ContainsAny(opts.Prefix+opts.Suffix, "/"+separator) {
		return "", &anyio.MisuseError{Text: "fileio: the prefix or suffix of a temporary name has a separator: " +
			strconv.Quote(opts.Prefix) + ", " + strconv.Quote(opts.Suffix) + ": the folder is to be given as Dir"}
	}
	dir := opts.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for range tempTries {
		name := filepath.Join(dir, opts.Prefix+random()+opts.Suffix)
		if err = create(name); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
	return "", err
}

// randomName is not known to others beforehand.
func randomName() string { return strconv.FormatUint(rand.Uint64(), 36) }
