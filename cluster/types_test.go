package cluster

import (
	"context"
	"net"
	"reflect"
	"testing"
	"time"
)

type (
	point struct {
		X, Y   int
		secret bool
	}
	sameAsPoint struct{ X, Y int }
	tree        struct {
		Left, Right *tree
		V           []map[string]point
	}
	other struct {
		D  time.Duration
		T  time.Time
		IP net.IP
		E  error
	}
	// Types that refer to each other.
	k1 struct{ A, B, C *k2 }
	k2 struct{ A, B, C *k3 }
	k3 struct{ A, B, C *k4 }
	k4 struct{ A, B, C *k5 }
	k5 struct{ A, B, C *k6 }
	k6 struct{ A, B, C *k7 }
	k7 struct{ A, B, C *k8 }
	k8 struct {
		A *k1
		B *k2
		C *k3
		D *k4
		E *k5
		F *k6
		G *k7
	}
)

func TestTypesAreToldByTheirStructure(t *testing.T) {
	_ = point{secret: true}
	for _, c := range []struct {
		t    reflect.Type
		want string
	}{
		{reflect.TypeFor[point](), "struct{X int; Y int}"},
		{reflect.TypeFor[**sameAsPoint](), "struct{X int; Y int}"},
		{reflect.TypeFor[struct{}](), "struct{}"},
		{reflect.TypeFor[[2][]byte](), "[2][]uint8"},
		{reflect.TypeFor[tree](), "struct{Left cluster.tree; Right cluster.tree; V []map[string]struct{X int; Y int}}"},
		{reflect.TypeFor[other](), "struct{D int64; T time.Time; IP []uint8; E error}"},
		{reflect.TypeFor[any](), "interface {}"},
		{reflect.TypeFor[context.Context](), "context.Context"},
	} {
		if got := describe(c.t); got != c.want {
			t.Errorf("%v: %s; want %s", c.t, got, c.want)
		}
	}
	s := signatureOf("f", reflect.TypeFor[k1](), reflect.TypeFor[k8]())
	if len(s.text) > 100_000 || s != signatureOf("f", reflect.TypeFor[k1](), reflect.TypeFor[k8]()) {
		t.Error(len(s.text))
	}
	if signatureOf("f", reflect.TypeFor[k1](), reflect.TypeFor[k7]()).token == s.token {
		t.Error("another type has the same token")
	}
}
