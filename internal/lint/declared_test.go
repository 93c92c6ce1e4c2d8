package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// declared is what the packages for users declare: "stream.Memory", and
// "anyio.Lock.Acquire" for a method, a field, or a method of an interface.
type declared struct {
	names    map[string]bool
	embedded map[string][]string // type -> types in it without a name
	ways     map[string][]string // what waysToUse has found
}

// has reports whether an exported name exists. One that begins with a capital
// belongs to package anyio.
func (d *declared) has(name string) bool {
	if c := name[0]; c >= 'A' && c <= 'Z' {
		name = "anyio." + name
	}
	if d.names[name] {
		return true
	}
	parts := strings.Split(name, ".")
	if len(parts) != 3 || !d.names[parts[0]+"."+parts[1]] {
		return false
	}
	return d.promoted(parts[0]+"."+parts[1], parts[2])
}

// promoted reports whether a type has a member of that name through another.
func (d *declared) promoted(typ, member string) bool {
	for _, inner := range d.embedded[typ] {
		if d.names[inner+"."+member] || d.promoted(inner, member) {
			return true
		}
	}
	return false
}

// waysToUse are the identifiers one of which stands where the name is used: itself,
// for a type also its constructor and its members, as types are seldom spelled out.
// What the library or the fmt package calls is used by those who call that.
func (d *declared) waysToUse(name string) []string {
	ways, ok := d.ways[name]
	if !ok {
		ways = d.findWays(name)
		d.ways[name] = ways
	}
	return ways
}

func (d *declared) findWays(name string) []string {
	own := name[strings.LastIndexByte(name, '.')+1:]
	if c := name[0]; c >= 'A' && c <= 'Z' {
		name = "anyio." + name
	}
	ways := append(d.members(name), own, "New"+own)
	switch own {
	case "Attributes":
		return append(ways, "Get", "GetOr")
	case "String", "GoString":
		return append(ways, "Sprintf")
	}
	return ways
}

// members are those of a type, and of those that it embeds.
func (d *declared) members(typ string) (all []string) {
	for name := range d.names {
		if member, ok := strings.CutPrefix(name, typ+"."); ok {
			all = append(all, member)
		}
	}
	for _, inner := range d.embedded[typ] {
		all = append(all, d.members(inner)...)
	}
	return all
}

// declarations reads all packages for users.
func declarations(t *testing.T) *declared {
	t.Helper()
	d := &declared{names: map[string]bool{}, embedded: map[string][]string{}, ways: map[string][]string{}}
	goFiles(t, func(path string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg := packageOf(path)
		for _, decl := range file.Decls {
			f, isFunc := decl.(*ast.FuncDecl)
			switch {
			case strings.HasSuffix(path, "_test.go"), strings.HasPrefix(pkg, "internal"):
			case isFunc && f.Recv != nil:
				d.names[file.Name.Name+"."+baseType(f.Recv.List[0].Type)+"."+f.Name.Name] = true
			case isFunc:
				d.names[file.Name.Name+"."+f.Name.Name] = true
			default:
				d.add(file.Name.Name, decl.(*ast.GenDecl))
			}
		}
	})
	if len(d.names) < 300 {
		t.Fatalf("only %d names were found", len(d.names))
	}
	return d
}

// add takes constants, variables, and types with their members.
func (d *declared) add(pkg string, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			for _, n := range s.Names {
				d.names[pkg+"."+n.Name] = true
			}
		case *ast.TypeSpec:
			typ := pkg + "." + s.Name.Name
			d.names[typ] = true
			var members *ast.FieldList
			switch x := s.Type.(type) {
			case *ast.StructType:
				members = x.Fields
			case *ast.InterfaceType:
				members = x.Methods
			default:
				continue
			}
			for _, f := range members.List {
				for _, n := range f.Names {
					d.names[typ+"."+n.Name] = true
				}
				if len(f.Names) == 0 {
					d.embedded[typ] = append(d.embedded[typ], pkg+"."+baseType(f.Type))
				}
			}
		}
	}
}

// baseType is the name of a type without pointer and type parameters, "" for one
// of another package.
func baseType(typ ast.Expr) string {
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
