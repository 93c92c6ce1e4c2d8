package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestWrongDocCommentsAreSeen gives the check comments that it must refuse, and others.
func TestWrongDocCommentsAreSeen(t *testing.T) {
	const missing, verb, english = "Cancellation:", "what it does", "standard library"
	for code, want := range map[string]string{
		"// F waits.\nfunc F(ctx context.Context) error { return nil }":                                            missing,
		"func F(_ context.Context, n int) (int, error) { return 0, nil }":                                          missing,
		"// F yields.\nfunc F(ctx context.Context) iter.Seq2[int, error] { return nil }":                           missing,
		"// F makes one.\nfunc F() func(ctx context.Context) error { return nil }":                                 missing,
		"type I interface {\n\t// M waits.\n\tM(ctx context.Context) error\n}":                                     missing,
		"type T struct{ inner }\ntype inner struct{}\n\n// M waits.\nfunc (inner) M(context.Context) error { }":    missing,
		"// F waits, see Cancellation: of the package.\nfunc F(ctx context.Context) error { return nil }":          missing,
		"// F waits. Cancellation:\nfunc F(ctx context.Context) error { return nil }":                              missing,
		"// F waits. Cancellation:\n// nothing is lost.\nfunc F(ctx context.Context) error { return nil }":         "",
		"// F waits.\n//\n//\tF(ctx)\n//\n// Cancellation: as of G.\nfunc F(ctx context.Context) error { return }": "",
		"// F does it.\nfunc F(f func(ctx context.Context) error) error { return nil }":                            "",
		"// F looks.\nfunc F(ctx context.Context) bool { return true }":                                            "",
		"type t struct{}\n\n// M waits.\nfunc (t) M(ctx context.Context) error { return nil }":                     "",
		"type i interface{ M(ctx context.Context) error }":                                                         "",
		"type T struct{}\n\n// Len is the number of items.\nfunc (*T) Len() int { return 0 }":                      verb,
		"// Parts are the parts.\nfunc Parts() []string { return nil }":                                            verb,
		"// F is like G but faster.\nfunc F() {}":                                                                  "",
		"// F reports whether it is there.\nfunc F() bool { return true }":                                         "",
		"// F may be called by whomever.\nfunc F() {}":                                                             english,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n\n"+code, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, d := range exportedFunctions([]*ast.File{file}) {
			got += d.wrongWithDoc()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s\nis said to be wrong: %q, want %q", code, got, want)
		}
	}
}

func TestMissingLimitationsAreSeen(t *testing.T) {
	for doc, want := range map[string]bool{
		"Package p does it.":                                     false,
		"Package p does it. It has # Limitations":                false,
		"Package p does it.\n\n# Limitations\n":                  false,
		"Package p does it.\n\n# Limitations\n\n# More\n\nText.": false,
		"Package p does it.\n\n# Limitations\n\nIt is slow.\n":   true,
	} {
		if got := limitations.MatchString(doc); got != want {
			t.Errorf("%q: seen is %v", doc, got)
		}
	}
}
