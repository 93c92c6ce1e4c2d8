package rule

import (
	"bytes"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Prefix is how a directive begins that turns rules off: //anyiovet:ignore rule reason.
const Prefix = "//anyiovet:ignore"

// A Directive turns rules off, between two lines of a file.
type Directive struct {
	Pos    token.Pos
	Rules  []string
	Reason string

	file     string
	from, to int // lines
}

// Valid reports whether the directive has an effect: it needs a reason.
func (d Directive) Valid() bool { return len(d.Rules) > 0 && d.Reason != "" }

// parse reads a directive. The rules are separated by commas.
func parse(comment *ast.Comment) (Directive, bool) {
	text, ok := strings.CutPrefix(comment.Text, Prefix)
	if !ok || text != "" && text[0] != ' ' && text[0] != '\t' {
		return Directive{}, false
	}
	names, reason, _ := strings.Cut(strings.TrimSpace(text), " ")
	d := Directive{Pos: comment.Pos(), Reason: strings.TrimSpace(reason)}
	for name := range strings.SplitSeq(names, ",") {
		if name != "" {
			d.Rules = append(d.Rules, name)
		}
	}
	return d, true
}

// Directives returns those of a file. One above the package clause is for the file, one
// in the comment of a function for the function, another for its own line or, if it
// stands alone, for the line below its comment.
func Directives(pass *analysis.Pass, file *ast.File) []Directive {
	line := func(pos token.Pos) int { return pass.Fset.Position(pos).Line }
	functions := map[*ast.CommentGroup]*ast.FuncDecl{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Doc != nil {
			functions[f.Doc] = f
		}
	}
	var all []Directive
	for _, group := range file.Comments {
		for _, comment := range group.List {
			d, ok := parse(comment)
			if !ok {
				continue
			}
			d.file = pass.Fset.Position(d.Pos).Filename
			d.from, d.to = line(d.Pos), line(d.Pos)
			if f := functions[group]; f != nil {
				d.to = line(f.End())
			} else if d.Pos < file.Package {
				d.to = line(file.FileEnd)
			} else if standsAlone(pass, d.Pos) {
				d.to = line(group.End()) + 1
			}
			all = append(all, d)
		}
	}
	return all
}

// standsAlone reports whether nothing is before a comment on its line.
func standsAlone(pass *analysis.Pass, comment token.Pos) bool {
	at := pass.Fset.PositionFor(comment, false)
	text, err := pass.ReadFile(at.Filename)
	if err != nil || at.Offset > len(text) {
		return false
	}
	before := text[:at.Offset]
	return len(bytes.TrimSpace(before[bytes.LastIndexByte(before, '\n')+1:])) == 0
}

// An ignoring is what is not reported in a package.
type ignoring struct {
	directives []Directive
	generated  map[string]bool // files
}

func directives(pass *analysis.Pass) ignoring {
	in := ignoring{generated: map[string]bool{}}
	for _, file := range pass.Files {
		if ast.IsGenerated(file) {
			in.generated[pass.Fset.Position(file.Package).Filename] = true
		}
		in.directives = append(in.directives, Directives(pass, file)...)
	}
	return in
}

func (in ignoring) covers(at token.Position, name string) bool {
	if in.generated[at.Filename] {
		return true
	}
	for _, d := range in.directives {
		if !d.Valid() || d.file != at.Filename || at.Line < d.from || at.Line > d.to {
			continue
		}
		for _, rule := range d.Rules {
			if rule == name {
				return true
			}
		}
	}
	return false
}
