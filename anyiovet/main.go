// Anyiovet finds mistakes in the use of package anyio.
//
//	go install github.com/anyio-go/anyio/anyiovet@latest
//	go vet -vettool=$(which anyiovet) ./...
//	anyiovet -fix ./...
//	anyiovet help
//
// The rules, and how to turn one off, are described in the README beside this file.
// -RULE runs only that rule, -RULE=false all others.
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/anyio-go/anyio/anyiovet/rules"
)

// main serves go vet as well: multichecker knows how go vet calls it.
func main() { multichecker.Main(rules.All()...) }
