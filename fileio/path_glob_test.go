package fileio_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestGlobOfALargeTreeDoesNotKeepWhatItFound(t *testing.T) {
	const folders, files = 15, 1000
	dir := folder(t)
	write(t, dir.Join("file"), "")
	for i := range folders {
		sub := dir.Join(fmt.Sprint("folder", i))
		testkit.Must(t, os.Mkdir(string(sub), 0o700))
		for j := range files {
			testkit.Must(t, os.Link(string(dir.Join("file")), string(sub.Join(strings.Repeat("x", 50)+fmt.Sprint(j)))))
		}
	}
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, pattern := range []string{"**/x*", "*/*"} {
			found, before, most := 0, int64(0), int64(0)
			for _, err := range dir.Glob(ctx, pattern) {
				testkit.Must(t, err)
				if found++; found%(4*files) == files { // always at the same place in a folder
					if most = max(most, live()); before == 0 {
						before = most
					}
				}
			}
			if found < folders*files {
				t.Errorf("%s finds %d paths, want at least %d", pattern, found, folders*files)
			}
			if most-before > 1<<20 {
				t.Errorf("%s: the memory grew by %d bytes while it found %d paths", pattern, most-before, found)
			}
		}
	})
}

func TestGlobFindsNothingTwice(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "a/a/a/x", "a/b/a/x", "x")
		for pattern, want := range map[string]int{
			"**/a/**/x": 2, "**/**/x": 3, "**/a/**": 7, "**/*/**/*": 6, "**/x": 3, "**/*": 8, "**/**": 9,
			"*/**": 7, "**/a/x": 2,
		} {
			got := collect(t, dir, dir.Glob(ctx, pattern))
			slices.Sort(got)
			if all := len(got); all != want || len(slices.Compact(got)) != all {
				t.Errorf("%q finds %d paths %q, want %d", pattern, all, got, want)
			}
		}
	})
}

func TestGlobPassesOverLoopsOfLinks(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "a/file", "b/file")
		for link, to := range map[string]string{
			"self": "self", "a/up": "..", "a/b": "../b", "b/a": "../a", "ping": "pong", "pong": "ping", "a/here": ".",
		} {
			testkit.Must(t, os.Symlink(to, string(dir.Join(link))))
		}
		wantList(t, collect(t, dir, dir.Glob(ctx, "**/file")), "a/file", "b/file")
		through := collect(t, dir, dir.Glob(ctx, "**/file", fileio.RecurseSymlinks()))
		slices.Sort(through)
		wantList(t, through, "a/b/file", "a/file", "b/a/file", "b/file")
		wantList(t, collect(t, dir, dir.Glob(ctx, "p*")), "ping", "pong")
		wantList(t, collect(t, dir, dir.Glob(ctx, "*/file")), "a/file", "b/file")
		wantList(t, collect(t, dir, dir.Glob(ctx, "self/**")))
	})
}

func TestGlobGoesOnWhenAFolderVanishes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, pattern := range []string{"**/file", "*/file", "**/fil?", "*/*/"} {
			dir := tree(t, "a/file", "a/x/file", "b/file", "b/x/file", "c/file", "c/x/file")
			var found []string
			for p, err := range dir.Glob(ctx, pattern) {
				testkit.Must(t, err)
				rel, err := p.RelativeTo(dir)
				testkit.Must(t, err)
				if found = append(found, rel.ToSlash()); len(found) == 1 {
					testkit.Must(t, os.RemoveAll(string(dir.Join("b"))))
				}
			}
			if text := strings.Join(found, " "); strings.Contains(text, "b/") || !strings.Contains(text, "c/") {
				t.Errorf("%q finds %q", pattern, text)
			}
		}
	})
}

func TestGlobPassesOverWhatItMayNotRead(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("root may read everything, and Windows has other permissions")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "a/file", "closed/file", "z/file")
		testkit.Must(t, os.Chmod(string(dir.Join("closed")), 0))
		defer os.Chmod(string(dir.Join("closed")), 0o700)
		wantList(t, collect(t, dir, dir.Glob(ctx, "**/file")), "a/file", "z/file")
		wantList(t, collect(t, dir, dir.Glob(ctx, "*/*")), "a/file", "z/file")
		wantList(t, collect(t, dir, dir.Glob(ctx, "**/")), ".", "a", "closed", "z")
	})
}
