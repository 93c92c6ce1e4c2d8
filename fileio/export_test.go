package fileio

// MoveByCopy is Move to another file system.
var MoveByCopy = Path.moveByCopy

// NewTempName looks for a temporary name.
var NewTempName = newName
