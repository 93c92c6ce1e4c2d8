module example.com/testdata

go 1.26.0

require github.com/anyio-go/anyio v0.0.0

require (
	github.com/petermattis/goid v0.0.0-20260820044319-269ab09b5261 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/anyio-go/anyio => ../..
