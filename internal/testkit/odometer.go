package testkit

// An Odometer makes all choices of a program, one run after the other, by counting: what an
// exploration has seen is compared with what is seen so.
type Odometer struct {
	digits []digit
	at     int // of them, in this run
	begun  bool
}

// A digit is a choice and out of how many it is.
type digit struct{ value, of int }

// Next prepares the next run, and reports whether there is one.
func (o *Odometer) Next() bool {
	if o.at = 0; !o.begun {
		o.begun = true
		return true
	}
	for last := len(o.digits) - 1; last >= 0; last-- {
		if o.digits[last].value++; o.digits[last].value < o.digits[last].of {
			return true
		}
		o.digits = o.digits[:last]
	}
	return false
}

// Draw makes a choice out of n.
func (o *Odometer) Draw(n int) int {
	if o.at == len(o.digits) {
		o.digits = append(o.digits, digit{0, n})
	}
	o.at++
	return o.digits[o.at-1].value
}
