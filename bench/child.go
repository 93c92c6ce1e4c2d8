package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A child is a process that answers each line on its standard input with one on its
// standard output, and ends when there are no more.
type child struct {
	cmd    *exec.Cmd
	ask    io.WriteCloser
	answer *bufio.Reader
	// foreign ones may not look at their standard input, and are killed.
	foreign bool
}

// startChild starts it and returns the line that it prints when it is ready.
func startChild(cmd *exec.Cmd) (*child, string, error) {
	c := &child{cmd: cmd}
	var err error
	if c.ask, err = cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	c.answer = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	line, err := c.line()
	if err != nil {
		c.stop()
		return nil, "", fmt.Errorf("it did not start: %w", err)
	}
	return c, line, nil
}

// copyOfThis is a copy of this program that is told by a variable what to do.
func copyOfThis(variable, job string, env ...string) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), variable+"="+job)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

func (c *child) line() (string, error) {
	line, err := c.answer.ReadString('\n')
	return strings.TrimSpace(line), err
}

// tell asks a question.
func (c *child) tell(question string) (string, error) {
	if _, err := fmt.Fprintln(c.ask, question); err != nil {
		return "", err
	}
	line, err := c.line()
	if problem, ok := strings.CutPrefix(line, "error: "); ok {
		return "", errors.New(problem)
	}
	return line, err
}

func (c *child) stop() {
	_ = c.ask.Close()
	if c.foreign {
		_ = c.cmd.Process.Kill()
	}
	_ = c.cmd.Wait()
}

// answerLines is the child's side of a copy of this program.
func answerLines(in io.Reader, out io.Writer, answer func(question string) (string, error)) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		a, err := answer(lines.Text())
		if err != nil {
			a = "error: " + err.Error()
		}
		fmt.Fprintln(out, a)
	}
}
