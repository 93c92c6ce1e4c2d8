package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// extra is an attribute that the stream must have.
func extra[T any](t *testing.T, resource any, key *attr.Key[T]) T {
	t.Helper()
	v, err := attr.Get(resource, key)
	if err != nil {
		t.Errorf("%s: %v", key, err)
	}
	return v
}

// A named stream has an attribute.
type named struct{ stream.ByteStream }

var nameAttr = attr.New[string]("name")

func (n named) Attributes() attr.Set { return attr.NewSet(nameAttr.Value("pipe")) }

func TestAttributes(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		a, b := stream.Pipe(room)
		client := of(version, clientConfig())
		client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		c, s, cerr, serr := shake(ctx, named{a}, named{b}, side{config: client}, side{of(version, serverConfig()), &tlsstream.Options{NoCloseNotify: true}})
		if cerr != nil || serr != nil {
			t.Fatal(cerr, serr)
		}
		if extra(t, c, nameAttr) != "pipe" || c.Transport() != (stream.ByteStream)(named{a}) {
			t.Error("the transport is hidden")
		}
		if extra(t, c, tlsstream.AttrServerSide) || !extra(t, s, tlsstream.AttrServerSide) {
			t.Error("ServerSide is wrong")
		}
		if !extra(t, c, tlsstream.AttrStandardCompatible) || extra(t, s, tlsstream.AttrStandardCompatible) {
			t.Error("AttrStandardCompatible is wrong")
		}
		if extra(t, c, tlsstream.AttrVersion) != version || extra(t, s, tlsstream.AttrState).Version != version {
			t.Error("Version is wrong")
		}
		if extra(t, c, tlsstream.AttrALPNProtocol) != "" {
			t.Error("ALPNProtocol is wrong")
		}
		leaf := serverCertificate().Leaf
		if !extra(t, c, tlsstream.AttrPeerCertificate).Equal(leaf) || !bytes.Equal(extra(t, c, tlsstream.AttrPeerCertificateBinary), leaf.Raw) {
			t.Error("the client sees another certificate")
		}
		if extra(t, s, tlsstream.AttrPeerCertificate) != nil || extra(t, s, tlsstream.AttrPeerCertificateBinary) != nil {
			t.Error("the server sees a certificate")
		}

		cipher := extra(t, c, tlsstream.AttrCipherSuite)
		if cipher != extra(t, s, tlsstream.AttrCipherSuite) || cipher.Name != tls.CipherSuiteName(cipher.ID) || cipher.Protocol != tls.VersionName(version) {
			t.Errorf("the cipher is %+v", cipher)
		}
		wantBits := 256
		if cipher.ID == tls.TLS_AES_128_GCM_SHA256 || cipher.ID == tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 {
			wantBits = 128
		}
		if cipher.Bits != wantBits {
			t.Errorf("%s has %d bits, want %d", cipher.Name, cipher.Bits, wantBits)
		}
		shared := extra(t, s, tlsstream.AttrSharedCiphers)
		if extra(t, c, tlsstream.AttrSharedCiphers) != nil || !slices.ContainsFunc(shared, func(c tlsstream.Cipher) bool { return c.ID == cipher.ID && c.Bits == cipher.Bits }) {
			t.Errorf("the ciphers in common are %+v", shared)
		}

		unique := extra(t, c, tlsstream.AttrChannelBindingTLSUnique)
		if !bytes.Equal(unique, extra(t, s, tlsstream.AttrChannelBindingTLSUnique)) || (unique == nil) != (version == tls.VersionTLS13) {
			t.Errorf("the channel binding is %x", unique)
		}
		closeAll(t, ctx, c, s)
	})
}
