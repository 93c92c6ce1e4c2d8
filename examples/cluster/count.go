package main

import (
	"context"
	"go/scanner"
	"go/token"
	"os"

	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

// countIdentifiers is called on the workers.
var countIdentifiers = process.Register("count identifiers", identifiers)

// identifiers counts those of some files.
func identifiers(ctx context.Context, files []string) (map[string]int, error) {
	n := map[string]int{}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var s scanner.Scanner
		set := token.NewFileSet()
		s.Init(set.AddFile(name, set.Base(), len(src)), src, nil, 0)
		for {
			_, tok, text := s.Scan()
			if tok == token.EOF {
				break
			}
			if tok == token.IDENT {
				n[text]++
			}
		}
		if err := lowlevel.Checkpoint(ctx); err != nil { // a caller that has gone wants no more
			return nil, err
		}
	}
	return n, nil
}
