package eventloop_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
)

//go:embed guest_offer_test.go
var guestOffer string

// TestConformanceOfGuests runs the tests that every backend has to pass on loops that are
// guests.
func TestConformanceOfGuests(t *testing.T) {
	_, source, _ := strings.Cut(guestOffer, "package eventloop_test\n")
	testkit.Conformance(t, source, "guest")
}
