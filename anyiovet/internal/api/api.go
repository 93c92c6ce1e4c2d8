// Package api recognizes the functions of the anyio module in the syntax of programs
// that use it. It keeps no list of what can block: a function of the module that takes a
// context first and returns an error last can.
package api

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// Module is the path of the module whose functions are recognized.
const Module = "github.com/anyio-go/anyio"

// Root is how names of the package at the root of the module begin.
const Root = "anyio."

// relative returns the path of a package below the module, anyio for its root, and ""
// for packages that users cannot import, or of other modules.
func relative(path string) string {
	path, _, _ = strings.Cut(path, " ") // as in "p [p.test]"
	if path == Module {
		return "anyio"
	}
	rest, ok := strings.CutPrefix(path, Module+"/")
	if !ok {
		return ""
	}
	switch first, _, _ := strings.Cut(rest, "/"); first {
	case "internal", "examples", "cmd", "bench", "anyiovet":
		return ""
	}
	return rest
}

// Uses reports whether a package imports the module, or is of it.
func Uses(pkg *types.Package) bool {
	if relative(pkg.Path()) != "" {
		return true
	}
	for _, p := range pkg.Imports() {
		if relative(p.Path()) != "" {
			return true
		}
	}
	return false
}

// Name returns what a function, a variable or a constant of the module is called, as
// anyio.WithTaskGroup, anyio.TaskGroup.Go or socket.Listener.Serve, and "" for others.
func Name(obj types.Object) string {
	if obj == nil || obj.Pkg() == nil {
		return ""
	}
	pkg := relative(obj.Pkg().Path())
	if pkg == "" {
		return ""
	}
	if f, ok := obj.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			named := Named(recv.Type())
			if named == nil {
				return ""
			}
			return pkg + "." + named.Obj().Name() + "." + f.Name()
		}
	}
	if obj.Parent() != obj.Pkg().Scope() {
		return ""
	}
	return pkg + "." + obj.Name()
}

// Named returns the named type that t is or points to, or nil.
func Named(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, _ := types.Unalias(t).(*types.Named)
	return named
}

// Callee returns the function that a call names, the generic one of an instance, or nil.
func Callee(info *types.Info, call *ast.CallExpr) *types.Func {
	f := typeutil.StaticCallee(info, call)
	if f == nil {
		f, _ = typeutil.Callee(info, call).(*types.Func) // of an interface
	}
	if f == nil {
		return nil
	}
	return f.Origin()
}

// Called returns the name of the module's function that is called, or "".
func Called(info *types.Info, call *ast.CallExpr) string {
	f := Callee(info, call)
	if f == nil {
		return ""
	}
	return Name(f)
}

// Method returns the last part of a name.
func Method(name string) string {
	return name[strings.LastIndexByte(name, '.')+1:]
}

// Blocks reports whether a function of the module can block: it takes a context first
// and returns an error last.
func Blocks(f *types.Func) bool {
	return f != nil && Name(f) != "" && TakesContext(f.Signature()) && ReturnsError(f.Signature())
}

// TakesContext reports whether the first parameter is a context.
func TakesContext(sig *types.Signature) bool {
	return sig.Params().Len() > 0 && IsContext(sig.Params().At(0).Type())
}

// ReturnsError reports whether the last result is an error.
func ReturnsError(sig *types.Signature) bool {
	n := sig.Results().Len()
	return n > 0 && IsError(sig.Results().At(n-1).Type())
}

// IsContext reports whether a type is context.Context.
func IsContext(t types.Type) bool { return isNamed(t, "context", "Context") }

// IsDuration reports whether a type is time.Duration.
func IsDuration(t types.Type) bool { return isNamed(t, "time", "Duration") }

// IsError reports whether a type is the interface error.
func IsError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

func isNamed(t types.Type, pkg, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return false
	}
	return named.Obj().Pkg().Path() == pkg && named.Obj().Name() == name
}

// Func returns the name of a function of any package, as time.Sleep or
// (*sync.WaitGroup).Wait, or "".
func Func(f *types.Func) string {
	if f == nil {
		return ""
	}
	return f.FullName()
}
