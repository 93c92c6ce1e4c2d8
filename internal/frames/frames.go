// Package frames tells who has called the calling function. Package runtime does so in a
// tenth of a microsecond for each caller, since it looks up which were inlined; here it is
// a nanosecond where frames are known to be linked: on amd64, in the versions of Go with
// which this was tested.
package frames
