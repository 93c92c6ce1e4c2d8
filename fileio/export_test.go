package fileio

// MoveByCopy is Move to another file system.
var MoveByCopy = Path.moveByCopy
