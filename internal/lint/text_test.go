package lint

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// firstWord is what a comment begins with, an article left out.
var firstWord = regexp.MustCompile(`^(?:(?:A|An|The) )?(\w+)\b`)

// beginsWith reports whether a comment begins with the name that it belongs to. After a
// renaming it may still begin with the old one.
func beginsWith(doc, name string) bool {
	m := firstWord.FindStringSubmatch(doc)
	return doc == "" || m != nil && m[1] == name
}

// TestCommentsBeginWithTheirNames looks at what is exported, of functions, types and
// single values.
func TestCommentsBeginWithTheirNames(t *testing.T) {
	looked := 0
	for pkg, files := range parsePublicPackages(t) {
		check := func(name, doc string) {
			looked++
			if base := name[strings.LastIndex(name, ".")+1:]; !beginsWith(doc, base) {
				t.Errorf("%s: the comment of %s begins with another name: %.40q", pkg, name, doc)
			}
		}
		for _, d := range exportedFunctions(files) {
			check(d.name, d.doc)
		}
		for _, file := range files {
			for _, decl := range file.Decls {
				d, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() && len(d.Specs) == 1 {
							check(s.Name.Name, d.Doc.Text()+s.Doc.Text())
						}
					case *ast.ValueSpec:
						switch single := len(d.Specs) == 1 && !d.Lparen.IsValid(); {
						case !s.Names[0].IsExported():
						case single:
							check(s.Names[0].Name, d.Doc.Text())
						default:
							check(s.Names[0].Name, s.Doc.Text())
						}
					}
				}
			}
		}
	}
	if looked < 900 {
		t.Fatalf("only %d comments were looked at", looked)
	}
}

func TestWrongBeginningsAreSeen(t *testing.T) {
	for doc, want := range map[string]bool{
		"":                        true,
		"Remove removes a file.":  true,
		"A Remove is one.":        true,
		"Unlink removes a file.":  false,
		"RemoveAll removes all.":  false,
		"A Path of Remove is it.": false,
		"*Remove removes a file.": false,
	} {
		if got := beginsWith(doc, "Remove"); got != want {
			t.Errorf("%q begins with Remove: %v", doc, got)
		}
	}
}

// widest is how many characters wide a line of a comment may be, a tab being 4.
const widest = 95

// TestCommentsAreNotTooWide looks at lines of text, which can be broken, not at code.
func TestCommentsAreNotTooWide(t *testing.T) {
	text := regexp.MustCompile(`^\s*// \S`)
	goFiles(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return // whose comments are also the output of examples
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if wide := len([]rune(strings.ReplaceAll(line, "\t", "    "))); wide > widest && text.MatchString(line) {
				t.Errorf("%s:%d: a comment of %d characters: break it after 90", path, i+1, wide)
			}
		}
	})
}

// TestLinksLeadToFiles looks at the pages of the repository.
func TestLinksLeadToFiles(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code := regexp.MustCompile("(?ms)^```.*?^```|`[^`\n]+`")
	links := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".md"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(data), ""), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), to)); err != nil {
				t.Errorf("%s: %s leads nowhere", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 40 {
		t.Fatalf("only %d links were found", links)
	}
}
