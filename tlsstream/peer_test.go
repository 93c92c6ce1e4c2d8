package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// A peer is a TLS 1.3 client that does what crypto/tls never does of its own accord,
// such as changing its keys. It takes over from a Client after the handshake.
type peer struct {
	transport stream.ByteStream
	out, in   half
}

// A half is one direction: its secret, and the records under it so far.
type half struct {
	secret []byte
	seq    uint64
}

const (
	typeAlert       = 21
	typeHandshake   = 22
	typeApplication = 23
)

var (
	keyUpdateAsking = []byte{24, 0, 0, 1, 1}
	keyUpdate       = []byte{24, 0, 0, 1, 0}
)

// newPeer connects a peer to a server.
func newPeer(t testing.TB, ctx context.Context) (*peer, *tlsstream.Stream) {
	t.Helper()
	var log bytes.Buffer
	client := of(tls.VersionTLS13, clientConfig())
	client.KeyLogWriter = &log
	c, s := pairOf(t, ctx, side{config: client}, side{config: serverConfig()})
	if suite := c.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("the peer knows AES-128 only, this machine prefers %s", tls.CipherSuiteName(suite))
	}
	p := &peer{transport: c.Transport()}
	for line := range strings.Lines(log.String()) {
		f := strings.Fields(line)
		secret, err := hex.DecodeString(f[2])
		if err != nil {
			t.Fatal(err)
		}
		switch f[0] {
		case "CLIENT_TRAFFIC_SECRET_0":
			p.out.secret = secret
		case "SERVER_TRAFFIC_SECRET_0":
			p.in.secret = secret
		}
	}
	return p, s
}

// expand is HKDF-Expand-Label of RFC 8446, without a context.
func expand(secret []byte, label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 "+label)))
	info = append(info, "tls13 "+label...)
	key, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		panic(err)
	}
	return key
}

// next is the cipher and the nonce of the next record.
func (h *half) next() (cipher.AEAD, []byte) {
	block, err := aes.NewCipher(expand(h.secret, "key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := expand(h.secret, "iv", 12)
	for i := range 8 {
		nonce[4+i] ^= byte(h.seq >> (56 - 8*i))
	}
	h.seq++
	return aead, nonce
}

// update changes to the next secret.
func (h *half) update() { h.secret, h.seq = expand(h.secret, "traffic upd", sha256.Size), 0 }

// record encrypts one record.
func (p *peer) record(kind byte, data []byte) []byte {
	aead, nonce := p.out.next()
	header := []byte{typeApplication, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(header[3:], uint16(len(data)+1+aead.Overhead()))
	return aead.Seal(header, nonce, append(append([]byte(nil), data...), kind), header)
}

// askForKeys is a record that changes our keys and wants the other side to do so, too.
func (p *peer) askForKeys() []byte {
	r := p.record(typeHandshake, keyUpdateAsking)
	p.out.update()
	return r
}

// receive decrypts one record, and follows a change of keys.
func (p *peer) receive(ctx context.Context) (kind byte, data []byte, err error) {
	header := make([]byte, 5)
	if _, err := readFull(ctx, p.transport, header); err != nil {
		return 0, nil, err
	}
	sealed := make([]byte, binary.BigEndian.Uint16(header[3:]))
	if _, err := readFull(ctx, p.transport, sealed); err != nil {
		return 0, nil, err
	}
	aead, nonce := p.in.next()
	plain, err := aead.Open(nil, nonce, sealed, header)
	if err != nil {
		return 0, nil, fmt.Errorf("record %d: %w", p.in.seq-1, err)
	}
	plain = bytes.TrimRight(plain, "\x00")
	kind, data = plain[len(plain)-1], plain[:len(plain)-1]
	if kind == typeHandshake && bytes.Equal(data, keyUpdate) {
		p.in.update()
	}
	return kind, data, nil
}
