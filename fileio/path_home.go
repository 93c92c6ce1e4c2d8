package fileio

import (
	"os"
	"os/user"
)

// homeOf is the folder of a user, by default of the one who runs the program.
func homeOf(name string) (string, error) {
	if name == "" {
		return os.UserHomeDir()
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}
