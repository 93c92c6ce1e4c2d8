package main

import "math"

// ratio is how much of the peer's cost ours is: the median of what the rounds say, in
// each of which both were measured one after the other, so that what slows the machine
// down for longer than a round slows both. The noise is by how much of itself this may
// be off: two standard errors of a median, from the spread of the rounds.
func ratio(ours, theirs []sample) (r, noise float64) {
	var each []float64
	for i := range ours {
		each = append(each, ours[i].value/theirs[i].value)
	}
	r = middle(each)
	var off []float64
	for _, v := range each {
		off = append(off, math.Abs(v-r))
	}
	// Of a normal distribution, the standard deviation is 1.4826 times the median
	// deviation, and the standard error of the median of n is 1.2533/√n of it.
	noise = 2 * 1.2533 * 1.4826 * middle(off) / math.Sqrt(float64(len(each))) / r
	if math.IsNaN(noise) || math.IsInf(noise, 0) {
		noise = 0
	}
	return r, noise
}
