//go:build unix

package outcome_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/anyio-go/anyio"

// packages are those with calls that block.
var packages = []string{"", "/fileio", "/lowlevel", "/portal", "/process", "/signals", "/socket", "/stream", "/tlsstream"}

// elsewhereTested are calls that take a context and return an error, and are not in the
// table, by the reason. A name that ends in * stands for all that begin so.
var elsewhereTested = map[string][]string{
	"calls of the file system, which no cancellation interrupts": {
		"fileio.Copy", "fileio.Create", "fileio.Cwd", "fileio.Home", "fileio.CreateTemp", "fileio.Mk*", "fileio.NamedTempFile", "fileio.OpenTempDirectory", "fileio.Open",
		"fileio.Path.*", "fileio.SpooledFile.*", "fileio.Temp*", "fileio.CreateText", "fileio.OpenText", "fileio.TextFile.*", "fileio.WithNamedTempFile",
		"fileio.File.ReadAt", "fileio.File.Seek", "fileio.File.Stat", "fileio.File.Sync", "fileio.File.Tell", "fileio.File.Truncate", "fileio.File.WriteAt",
		"stream.AppendFile", "stream.CreateFile", "stream.OpenFile", "stream.FileReadStream.Seek", "stream.FileReadStream.Tell",
	},
	"what releases waits after it has released, if at all": {"anyio.CloseForcefully", "portal.Provider.Release"},
	"what opens waits for nobody": {
		"portal.Provider.Acquire", "socket.Listen*", "socket.AdoptConnectedUDP", "socket.AdoptConnectedUnixgram",
		"socket.AdoptListener", "socket.AdoptStream", "socket.AdoptUDP", "socket.AdoptUnixgram", "socket.AdoptUnixListener", "socket.AdoptUnixStream",
	},
	"a run of its own, which main ends": {"anyio.RunValue", "anyio.Run"},
	"the system keeps what is sent, and throws away what it has no room for": {
		"socket.UDPSocket.Send*", "socket.Stream.SendEOF", "stream.BufferedStream.SendEOF",
		"stream.StapledByteStream.SendEOF", "stream.StapledObjectStream.SendEOF", "stream.TextStream.SendEOF", "tlsstream.Stream.SendEOF",
	},
	"asks the system's resolver, in a thread that is left behind": {"socket.LookupHost", "socket.LookupAddr", "socket.Resolver.*"},
	"as DialTCP and DialUnix, by which they connect":              {"socket.Dial", "socket.TCPConnectable.Connect", "socket.UnixConnectable.Connect"},
	"as the functions of the same names":                          {"socket.Dialer.Dial", "socket.Dialer.DialTCP", "socket.Dialer.DialUDP"},
	"of the state of the run":                                     {"anyio.PrintTasks", "lowlevel.CanceledOr", "lowlevel.CheckpointIfCanceled", "lowlevel.Enter", "lowlevel.RunVar.*"},
}

// A callable is a function or method as in "socket.Stream.Receive".
func callable(f *types.Func) string {
	f = f.Origin()
	name := f.Name()
	if recv := f.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := t.(*types.Named); ok {
			name = n.Obj().Name() + "." + name
		}
	}
	return f.Pkg().Name() + "." + name
}

// mayBlock reports whether a function takes a context, and returns an error or a
// sequence of errors.
func mayBlock(f *types.Func) bool {
	sig := f.Signature()
	takes := false
	for v := range sig.Params().Variables() {
		takes = takes || v.Type().String() == "context.Context"
	}
	for v := range sig.Results().Variables() {
		t := v.Type().String()
		if takes && (t == "error" || strings.HasPrefix(t, "iter.Seq2[") && strings.HasSuffix(t, ", error]")) {
			return true
		}
	}
	return false
}

// The table of TestWhoDecidesFirst has every call that blocks.
func TestTheTableHasEveryCallThatBlocks(t *testing.T) {
	list := exec.Command("go", "list", "-export", "-deps", "-test", "-json=ImportPath,Export", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imp := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	if _, err := (&types.Config{Importer: imp}).Check("outcome_test", fset, files, info); err != nil {
		t.Fatal(err)
	}

	called := map[string]bool{}
	byInterface := map[string]bool{} // methods that are called on whatever has them
	for _, o := range info.Uses {
		f, ok := o.(*types.Func)
		if !ok || f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), module) {
			continue
		}
		called[callable(f)] = true
		if recv := f.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
			byInterface[f.Name()] = true
		}
	}
	made := map[string]bool{} // types of which the table has values
	for _, tv := range info.Types {
		typ := tv.Type
		if p, ok := typ.(*types.Pointer); ok {
			typ = p.Elem()
		}
		if n, ok := typ.(*types.Named); ok && n.Obj().Pkg() != nil {
			made[n.Obj().Pkg().Name()+"."+n.Obj().Name()] = true
		}
	}

	excused := map[string]bool{}
	calls := 0
	look := func(f *types.Func) {
		name := callable(f)
		if !f.Exported() || !mayBlock(f) {
			return
		}
		calls++
		of, method := name[:strings.LastIndex(name, ".")], f.Name()
		tested := called[name] || byInterface[method] && made[of]
		for _, some := range elsewhereTested {
			for _, excuse := range some {
				if prefix, all := strings.CutSuffix(excuse, "*"); name == excuse || all && strings.HasPrefix(name, prefix) {
					excused[excuse] = true
					if tested && !all {
						t.Errorf("%s is in the table: it needs no excuse", name)
					}
					return
				}
			}
		}
		if !tested {
			t.Errorf("the table lacks %s", name)
		}
	}
	for _, path := range packages {
		pkg, err := imp.Import(module + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.Scope().Names() {
			switch o := pkg.Scope().Lookup(name).(type) {
			case *types.Func:
				look(o)
			case *types.TypeName:
				if !o.Exported() || types.IsInterface(o.Type()) {
					continue
				}
				for sel := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
					if f := sel.Obj().(*types.Func); f.Pkg() == pkg && len(sel.Index()) == 1 {
						look(f)
					}
				}
			}
		}
	}
	if calls < 150 {
		t.Errorf("only %d calls were looked at", calls)
	}
	for _, some := range elsewhereTested {
		for _, name := range some {
			if !excused[name] {
				t.Errorf("there is no %s, or it does not block: it needs no excuse", name)
			}
		}
	}
}
