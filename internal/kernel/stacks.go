package kernel

import (
	"math"
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Stacks returns the stacks of all goroutines by goroutine id, in the runtime's
// format. The world stops meanwhile: it is for reports only.
//
//go:norace
func Stacks() map[int64]string { return stacksUpTo(math.MaxInt) }

// What the stacks of all goroutines need, so that they are formatted once as a rule.
const (
	minStacks   = 1 << 16 // bytes
	roomOfStack = 3 << 10 // and of each; those of tasks that wait are of 2 KiB
)

// stacksUpTo is Stacks that reads about so many bytes, and leaves out the others.
//
//go:norace
func stacksUpTo(most int) map[int64]string {
	// The runtime formats all of them, also those for which there is no room: a second
	// time costs as much as the first.
	buf := make([]byte, min(most, minStacks+roomOfStack*runtime.NumGoroutine()))
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) || n >= most {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := make(map[int64]string)
	for _, s := range strings.Split(string(buf), "\n\n") {
		rest, ok := strings.CutPrefix(s, "goroutine ")
		if !ok {
			continue
		}
		num, _, _ := strings.Cut(rest, " ")
		if id, err := strconv.ParseInt(num, 10, 64); err == nil {
			stacks[id] = s
		}
	}
	return stacks
}

// A frame is one call on a stack.
type frame struct{ function, file, line string }

// frames are the calls on a stack, the innermost first, without the go statement
// that began it.
//
//go:norace
func frames(stack string) []frame {
	var fs []frame
	function := ""
	for l := range strings.Lines(stack) {
		l = strings.TrimSuffix(l, "\n")
		at, isPlace := strings.CutPrefix(l, "\t")
		switch {
		case !isPlace:
			function = l
			if end := strings.LastIndexByte(l, '('); end > 0 {
				function = l[:end]
			}
		case !strings.HasPrefix(function, createdBy):
			at, _, _ = strings.Cut(at, " +0x")
			if colon := strings.LastIndexByte(at, ':'); colon >= 0 {
				fs = append(fs, frame{function, at[:colon], at[colon+1:]})
			}
		}
	}
	return fs
}

//go:norace
func (f frame) place() string { return FileLine(f.file, f.line) }

// FileLine returns "folder/file.go:12". The file is as the runtime names it: with
// slashes on every system.
//
//go:norace
func FileLine(file, line string) string {
	dir, name := path.Split(file)
	return path.Join(path.Base(dir), name) + ":" + line
}

// maxUserFrames is how many lines are shown of a task.
const maxUserFrames = 3

// userFrames are the places, "file:line", of the user's innermost calls on a
// goroutine, three at most, each once: those that are neither in this module nor in
// the standard library. If held, the goroutine runs the function of RunBlocking or a
// guest, and what is told is where that was called. A coroutine of iter.Pull goes on
// where it was made.
//
//go:norace
func userFrames(stacks map[int64]string, id int64, held, guest bool) []string {
	var places []string
	for stack := stacks[id]; stack != "" && len(places) < maxUserFrames; {
		calls := frames(stack)
		if held {
			calls, held = belowHeld(calls, guest), false
		}
		for _, f := range calls {
			switch {
			case f.function == runsTask: // below it is who began the run
				return places
			case !f.library() && !f.standard() && !slices.Contains(places, f.place()):
				if places = append(places, f.place()); len(places) == maxUserFrames {
					return places
				}
			}
		}
		maker, ok := madeByPull(stack)
		if !ok {
			break
		}
		stack = stacks[maker]
	}
	return places
}

// belowHeld are the calls of a task below what runs in its place. A guest's are the
// first such, those of the task whose goroutine it is the last ones.
//
//go:norace
func belowHeld(calls []frame, guest bool) []frame {
	below := 0
	for i, f := range calls {
		switch f.function {
		case heldByBlocking, heldByPortal:
			if below = i + 1; guest {
				return calls[below:]
			}
		case runsTask:
			if i+1 == len(calls) || calls[i+1].function != runsGuest {
				return calls[below:]
			}
		}
	}
	return calls[below:]
}

// PlacesText is how the user's calls are shown.
//
//go:norace
func PlacesText(places []string) string {
	if len(places) == 0 {
		return ""
	}
	return " at " + strings.Join(places, " from ")
}

const (
	modulePath = "github.com/anyio-go/anyio"
	// heldByBlocking and heldByPortal call what runs in the place of the task.
	heldByBlocking = modulePath + ".callHere[...]"
	heldByPortal   = modulePath + "/portal.(*Task[...]).runHere"
	// runsGuest calls runsTask for a guest.
	runsGuest = modulePath + "/internal/kernel.(*Group).RunHere"
	// runsTask is the function that all of a task's calls are above.
	runsTask = modulePath + "/internal/kernel.(*Task).Run"
	// coroutineBody is the function of a loop's coroutines.
	coroutineBody = modulePath + "/internal/loop.(*Loop).RunCoro"
	createdBy     = "created by "
)

// Whose a call is tells its file, not its function: a closure that was inlined into
// somebody's function bears that one's name.

// library reports whether the call is in this module or one of its own beside it, which
// their tests, programs and examples are not.
//
//go:norace
func (f frame) library() bool { return inModules(moduleRoot(), f.file) }

// inModules reports whether a file is of the module whose sources are in the folder root, or
// of one of those that are in folders of it. The go command keeps each of them in a folder
// of its own, with its version.
//
//go:norace
func inModules(root, file string) bool {
	base, version, _ := strings.Cut(strings.TrimSuffix(root, "/"), "@")
	rest, ok := strings.CutPrefix(file, base)
	if !ok || strings.HasSuffix(rest, "_test.go") {
		return false
	}
	if own, ok := strings.CutPrefix(rest, "@"+version); ok && version != "" {
		rest = own
	}
	if rest, ok = strings.CutPrefix(rest, "/"); !ok {
		return false
	}
	for rest != "" {
		var folder string
		folder, rest, _ = strings.Cut(rest, "/")
		switch name, _, _ := strings.Cut(folder, "@"); name {
		case "cmd", "examples", "bench":
			return false
		}
	}
	return true
}

// standard reports whether the call is in the standard library, or in what stands
// between it and the system.
//
//go:norace
func (f frame) standard() bool {
	if strings.Contains(f.file, "golang.org/x/sys@") || strings.Contains(f.file, "golang.org/x/sys/") {
		return true
	}
	if root := standardRoot(); root != "" {
		return strings.HasPrefix(f.file, root)
	}
	// The program was built with -trimpath: then files are named after packages.
	first, _, _ := strings.Cut(f.file, "/")
	own := mainModule()
	return !strings.Contains(first, ".") && first != "command-line-arguments" && (own == "" || !strings.HasPrefix(f.file, own+"/"))
}

// moduleRoot is the folder of this module's sources, with a slash at the end.
var moduleRoot = sync.OnceValue(func() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "internal/kernel/stacks.go")
})

// standardRoot is the folder of the standard library's sources, "" if the program
// does not tell.
var standardRoot = sync.OnceValue(func() string {
	f := runtime.FuncForPC(reflect.ValueOf(runtime.GC).Pointer())
	if f == nil {
		return ""
	}
	file, _ := f.FileLine(f.Entry())
	return strings.TrimSuffix(path.Dir(file), "runtime")
})

// mainModule is the path of the module of the program.
var mainModule = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Path
	}
	return ""
})

// madeByPull is the goroutine on which iter.Pull or iter.Pull2 made the coroutine
// whose stack it is; ok is false if it is none, or a loop's.
//
//go:norace
func madeByPull(stack string) (maker int64, ok bool) {
	at := strings.LastIndex(stack, "\n"+createdBy+"iter.Pull")
	if at < 0 || strings.Contains(stack, "\n"+coroutineBody+"(") {
		return 0, false
	}
	line, _, _ := strings.Cut(stack[at+1:], "\n")
	// Package fmt has pools, which would order the tasks that come here.
	maker, err := strconv.ParseInt(line[strings.LastIndexByte(line, ' ')+1:], 10, 64)
	return maker, err == nil
}
