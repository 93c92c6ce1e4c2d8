package kernel

import (
	"slices"
	"testing"
)

// stackOf is a stack in the runtime's format of functions and their files.
func stackOf(id, made string, calls ...string) string {
	s := "goroutine " + id + " [coroutine, 2 minutes]:\n"
	for i := 0; i < len(calls); i += 2 {
		s += calls[i] + "(0x1, {0x2?, 0x3})\n\t" + calls[i+1] + ":7 +0x1d\n"
		if i == 0 {
			s += "...23 frames elided...\n"
		}
	}
	if made != "" {
		s += "created by " + made + "\n\t/x/y.go:9 +0x90"
	}
	return s
}

func TestUserFramesPassOverLibraries(t *testing.T) {
	root := standardRoot() // "" with -trimpath
	ours := moduleRoot()
	stacks := map[int64]string{
		1: stackOf("1", "github.com/anyio-go/anyio/internal/parallel.(*Backend).Start in goroutine 9",
			"runtime.gopark", root+"runtime/proc.go",
			"golang.org/x/sys/unix.EpollWait", "/m/golang.org/x/sys@v1/unix/a.go",
			modulePath+"/tlsstream.(*Stream).Receive", ours+"tlsstream/receive.go",
			"net/http.(*conn).serve", root+"net/http/server.go",
			"example.com/app.(*T).helper.(*BufferedReceiver).Lines.2", ours+"stream/buffered_until.go", // inlined
			"example.com/app.(*T).helper.All.1", root+"slices/iter.go",
			"example.com/app.(*T).helper", "example.com/app/helper.go",
			"app/store.Load[...].func1", "example.com/app/store/load.go",
			modulePath+".WithTaskGroup", ours+"task_group.go",
			"main.main.func1", "example.com/app/main.go",
			"main.main", "example.com/app/main.go"),
		2: stackOf("2", "", // this module's own programs, examples and tests are users
			modulePath+"/examples/chat.run", ours+"examples/chat/run.go",
			modulePath+"/stream_test.TestX", ours+"stream/x_test.go",
			modulePath+"/stream.TestY.func1", ours+"stream/y_test.go"),
		3: stackOf("3", "", "github.com/anyio-go/anyiokit.Do", "github.com/anyio-go/anyiokit/kit/do.go", modulePath+"/bench.run", ours+"bench/run.go",
			modulePath+"/anyiotest.Run", ours+"anyiotest/run.go"),
		4: stackOf("4", "", "time.Sleep", root+"time/sleep.go", "example.com/app.f", "example.com/app/f.go",
			heldByBlocking, ours+"blocking.go", modulePath+".RunBlocking[...]", ours+"blocking.go", "example.com/app.caller", "example.com/app/caller.go"),
		5: stackOf("5", "iter.Pull[...] in goroutine 6", "example.com/app.seq", "example.com/app/seq.go"),
		6: stackOf("6", "", "iter.Pull[...].func2", root+"iter/iter.go", "example.com/app.next", "example.com/app/next.go",
			runsTask, ours+"task.go", "example.com/app.main", "example.com/app/main.go"),
		7: stackOf("7", "iter.Pull[...] in goroutine 5", "example.com/app.task", "example.com/app/task.go",
			coroutineBody, ours+"loop.go"),
		9: stackOf("9", "", // a task of another run that a guest has begun, the guest of a guest, and of a task
			heldByBlocking, ours+"blocking.go", "example.com/app.run", "example.com/app/run.go", runsTask, ours+"task.go",
			heldByPortal, ours+"portal/call.go", "example.com/app.inner", "example.com/app/inner.go", runsTask, ours+"task.go", runsGuest, ours+"group.go",
			heldByPortal, ours+"portal/call.go", "example.com/app.outer", "example.com/app/outer.go", runsTask, ours+"task.go",
			"main.main", "example.com/app/main.go"),
		10: stackOf("10", "", "example.com/app.f", "example.com/app/f.go", runsTask, ours+"task.go", runsGuest, ours+"group.go",
			heldByPortal, ours+"portal/call.go", "example.com/app.inner", "example.com/app/inner.go", runsTask, ours+"task.go", runsGuest, ours+"group.go",
			heldByPortal, ours+"portal/call.go", "example.com/app.outer", "example.com/app/outer.go", runsTask, ours+"task.go"),
	}
	for _, c := range []struct {
		id          int64
		held, guest bool
		want        []string
	}{
		{1, false, false, []string{"app/helper.go:7", "store/load.go:7", "app/main.go:7"}},
		{2, false, false, []string{"chat/run.go:7", "stream/x_test.go:7", "stream/y_test.go:7"}},
		{3, false, false, []string{"kit/do.go:7", "bench/run.go:7"}},
		{4, false, false, []string{"app/f.go:7", "app/caller.go:7"}},
		{4, true, false, []string{"app/caller.go:7"}},
		{5, false, false, []string{"app/seq.go:7", "app/next.go:7"}},
		{7, false, false, []string{"app/task.go:7"}}, // a loop's coroutine is nobody's iterator
		{8, false, false, nil},
		{9, true, false, []string{"app/run.go:7"}},
		{10, false, true, []string{"app/f.go:7"}},
		{10, true, true, []string{"app/inner.go:7"}},
		{10, true, false, []string{"app/outer.go:7"}},
	} {
		if got := userFrames(stacks, c.id, c.held, c.guest); !slices.Equal(got, c.want) {
			t.Errorf("goroutine %d, held %t: %q, want %q", c.id, c.held, got, c.want)
		}
	}
	if m, ok := madeByPull(stacks[5]); m != 6 || !ok {
		t.Errorf("maker of 5: %d, %t", m, ok)
	}
	if _, ok := madeByPull(stacks[7]); ok {
		t.Error("a loop's coroutine counts as one of iter.Pull")
	}
}

// The modules that this one has beside it are no users, wherever the go command keeps them.
func TestFilesOfModules(t *testing.T) {
	for _, c := range []struct {
		root, file string
		ours       bool
	}{
		{"/home/me/anyio/", "/home/me/anyio/scope.go", true},
		{"/home/me/anyio/", "/home/me/anyio/cluster/call.go", true},
		{"/home/me/anyio/", "/home/me/anyio/cluster/call_test.go", false},
		{"/home/me/anyio/", "/home/me/anyio/examples/chat/main.go", false},
		{"/home/me/anyio/", "/home/me/anyio/cluster/cmd/anyio-cluster/main.go", false},
		{"/home/me/anyio/", "/home/me/anyio-app/main.go", false},
		{"/home/me/anyio/", "/home/me/anyio@v1.0.0/main.go", false},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio@v1.0.0/stream/pipe.go", true},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio/cluster@v0.3.0/call.go", true},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio/otelanyio@v0.3.0/instrument.go", true},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio/cmd/anyio-top@v0.3.0/main.go", false},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio/cluster@v0.3.0/cmd/anyio-cluster/main.go", false},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyio/bench@v0.3.0/main.go", false},
		{"/m/a.io/anyio@v1.0.0/", "/m/a.io/anyiokit@v1.0.0/kit.go", false},
		{"a.io/anyio@v1.0.0/", "a.io/anyio/cluster@v0.3.0/call.go", true}, // with -trimpath
	} {
		if got := inModules(c.root, c.file); got != c.ours {
			t.Errorf("with %s: %s is ours: %t, want %t", c.root, c.file, got, c.ours)
		}
	}
}
