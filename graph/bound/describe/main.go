// Command describe writes the largest lengths of what comes in into the descriptions of the schema's files, and takes out those
// that hold no more. A description that has the figure already is left as it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"nelke/graph/bound"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "describe:", err)
		os.Exit(1)
	}
}

// run rewrites the files of a folder.
func run(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.graphqls"))
	if err != nil {
		return err
	}
	texts := map[string]string{}
	documents := map[string]*ast.SchemaDocument{}
	enums := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name) //nolint:gosec // the folder is given by go generate
		if err != nil {
			return err
		}
		document, err := parser.ParseSchema(&ast.Source{Name: name, Input: string(text)})
		if err != nil {
			return err
		}
		texts[name], documents[name] = string(text), document
		for _, d := range document.Definitions {
			enums[d.Name] = d.Kind == ast.Enum
		}
	}
	for name, document := range documents {
		described := describe(texts[name], document, enums)
		if described == texts[name] {
			continue
		}
		if err := os.WriteFile(name, []byte(described), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	return nil
}

// stated is a sentence that a description ends with; empty where it has none of them.
type stated struct {
	at       int // of what is described: the rune where its name begins
	sentence string
}

// describe is the text of a schema's file with the sentences that belong into its descriptions.
func describe(text string, document *ast.SchemaDocument, enums map[string]bool) string {
	var all []stated
	state := func(at *ast.Position, sentence string) { all = append(all, stated{at.Start, sentence}) }
	for _, d := range slices.Concat(document.Definitions, document.Extensions) {
		switch d.Kind {
		case ast.Scalar:
			// The position is that of the name, behind the keyword.
			state(&ast.Position{Start: d.Position.Start - len("scalar ")}, bound.OfScalar(d.Name))
		case ast.InputObject:
			for _, f := range d.Fields {
				state(f.Position, bound.OfPlace(d.Name+"."+f.Name, f.Type, enums[f.Type.Name()]))
			}
		case ast.Object, ast.Interface:
			for _, f := range d.Fields {
				if d.Name == "Node" && f.Name == "id" {
					state(f.Position, bound.OfScalar("ID"))
				}
				for _, a := range f.Arguments {
					state(a.Position, bound.OfPlace(d.Name+"."+f.Name+"("+a.Name+")", a.Type, enums[a.Type.Name()]))
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b stated) int { return b.at - a.at }) // from the end, so that positions stay
	runes := []rune(text)
	for _, s := range all {
		before := ending.ReplaceAllString(string(runes[:s.at]), "$1$2")
		if found := description.FindStringSubmatch(before); found != nil && s.sentence != "" && !bound.States(found[1], s.sentence) {
			before = closing.ReplaceAllString(before, " "+s.sentence+"$1")
		}
		runes = append([]rune(before), runes[s.at:]...)
	}
	return string(runes)
}

var (
	description = regexp.MustCompile(`(?s)"([^"]*)"+\s*$`)
	closing     = regexp.MustCompile(`(\s*"+\s*)$`)
	ending      = regexp.MustCompile(`()` + bound.Pattern + `(\s*"+\s*)$`)
)
