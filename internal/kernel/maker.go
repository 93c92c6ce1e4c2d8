package kernel

import "context"

// A Maker makes runs on a backend.
type Maker interface {
	NewRun(ctx context.Context, cfg Config) (*Run, error)
}

// An Offer is a backend of another package than the root, which that must not import.
type Offer struct {
	Name string
	Make func() any              // a backend as users choose it
	Of   func(backend any) Maker // its Maker, nil if the backend is another one
}

// Offers are those that are linked in.
var Offers []Offer

// RegisterOffer adds one. Call it while packages are initialized.
//
//go:norace
func RegisterOffer(o Offer) { Offers = append(Offers, o) }

// MakerOf is the Maker of what a user chose as a backend, nil if it is none.
//
//go:norace
func MakerOf(backend any) Maker {
	if m, ok := backend.(Maker); ok {
		return m
	}
	for _, o := range Offers {
		if m := o.Of(backend); m != nil {
			return m
		}
	}
	return nil
}
