package schedule

import "math/bits"

// Rand is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
// Generators", 2014): small and fast, with a good number from the first on, whatever the
// seed.
type Rand struct{ state uint64 }

// NewRand returns the numbers of a seed.
func NewRand(seed uint64) Rand { return Rand{seed} }

const increment = 0x9E3779B97F4A7C15

// Uint64 returns the next number.
func (r *Rand) Uint64() uint64 {
	r.state += increment
	return scramble(r.state)
}

// Below returns a number less than n, which is not 0.
func (r *Rand) Below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.Uint64(), n)
	return hi
}

// Mix makes one number of two. Who changes either gets another one.
func Mix(a, b uint64) uint64 { return scramble(scramble(a+increment) + b) }

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
