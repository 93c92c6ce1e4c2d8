package fileio_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio/fileio"
)

// unary are the methods of one path that the table has, binary those with an argument.
var (
	unary = map[string]func(p fileio.Path) (any, error){
		"String":     func(p fileio.Path) (any, error) { return p.String(), nil },
		"ToSlash":    func(p fileio.Path) (any, error) { return p.ToSlash(), nil },
		"Parts":      func(p fileio.Path) (any, error) { return list(p.Parts()), nil },
		"Drive":      func(p fileio.Path) (any, error) { return p.Drive(), nil },
		"Root":       func(p fileio.Path) (any, error) { return p.Root(), nil },
		"Anchor":     func(p fileio.Path) (any, error) { return p.Anchor(), nil },
		"Parent":     func(p fileio.Path) (any, error) { return string(p.Parent()), nil },
		"Parents":    func(p fileio.Path) (any, error) { return list(p.Parents()), nil },
		"Name":       func(p fileio.Path) (any, error) { return p.Name(), nil },
		"Suffix":     func(p fileio.Path) (any, error) { return p.Suffix(), nil },
		"Suffixes":   func(p fileio.Path) (any, error) { return list(p.Suffixes()), nil },
		"Stem":       func(p fileio.Path) (any, error) { return p.Stem(), nil },
		"IsAbsolute": func(p fileio.Path) (any, error) { return p.IsAbsolute(), nil },
		"IsReserved": func(p fileio.Path) (any, error) { return p.IsReserved(), nil },
		"URI":        func(p fileio.Path) (any, error) { return p.URI() },
	}
	binary = map[string]func(p fileio.Path, arg string) (any, error){
		"WithName":     func(p fileio.Path, arg string) (any, error) { return text(p.WithName(arg)) },
		"WithStem":     func(p fileio.Path, arg string) (any, error) { return text(p.WithStem(arg)) },
		"WithSuffix":   func(p fileio.Path, arg string) (any, error) { return text(p.WithSuffix(arg)) },
		"RelativeTo":   func(p fileio.Path, arg string) (any, error) { return text(p.RelativeTo(fileio.Path(arg))) },
		"Join":         func(p fileio.Path, arg string) (any, error) { return string(p.Join(arg)), nil },
		"Match":        func(p fileio.Path, arg string) (any, error) { return p.Match(arg) },
		"IsRelativeTo": func(p fileio.Path, arg string) (any, error) { return p.IsRelativeTo(fileio.Path(arg)), nil },
		"Compare":      func(p fileio.Path, arg string) (any, error) { return float64(p.Compare(fileio.Path(arg))), nil },
	}
)

func text(p fileio.Path, err error) (any, error) { return string(p), err }

// list is a list as package json makes it.
func list[S ~string](s []S) any {
	all := []any{}
	for _, x := range s {
		all = append(all, string(x))
	}
	return all
}

// TestPathAgreesWithPathlib compares with a table that testdata/pathlib.py has made.
func TestPathAgreesWithPathlib(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the table is of PurePosixPath")
	}
	data, err := os.ReadFile("testdata/pathlib.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for sc := bufio.NewScanner(bytes.NewReader(data)); sc.Scan(); {
		var row []any
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil || len(row) != 3 {
			t.Fatalf("%s: %v", sc.Bytes(), err)
		}
		method, want := row[0].(string), row[2]
		var args []string
		for _, a := range row[1].([]any) {
			args = append(args, a.(string))
		}
		var got any
		switch {
		case method == "NewPath":
			got, err = string(fileio.NewPath(args...)), nil
		case len(args) == 1:
			got, err = unary[method](fileio.Path(args[0]))
		default:
			got, err = binary[method](fileio.Path(args[0]), args[1])
		}
		seen[method]++
		var pe *fileio.InvalidPathError
		switch {
		case want == nil && (!errors.As(err, &pe) || !errors.Is(err, fs.ErrInvalid)):
			t.Errorf("%s(%q) gives %v, %v, want an *InvalidPathError", method, args, got, err)
		case want != nil && (err != nil || !reflect.DeepEqual(got, want)):
			t.Errorf("%s(%q) gives %#v, %v, want %#v", method, args, got, err, want)
		}
	}
	for _, methods := range []int{len(unary) + len(binary) + 1} {
		if len(seen) != methods {
			t.Errorf("the table has %d methods of %d: %v", len(seen), methods, seen)
		}
	}
}
