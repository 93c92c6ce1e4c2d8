//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package poll

func newSource(p *Poller) source { return portable{p.bed} }

// tellsEnds is false: Post says only that something happened.
const tellsEnds = false
