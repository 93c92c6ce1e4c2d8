//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package poll

func newSource(p *Poller) source { return portable{p.bed} }
