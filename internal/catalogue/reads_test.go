package catalogue

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writing are the names of what changes the database or wakes those who watch it: ent's builders, transactions, statements that
// return no rows, and nudges.
var writing = regexp.MustCompile(`^(Create|CreateBulk|MapCreateBulk|Update|UpdateOne|UpdateOneID|Delete|DeleteOne|DeleteOneID|` +
	`Mutate|Use|Tx|BeginTx|Write|WriteDB|JobDB|Exec|ExecX|ExecContext|Nudge|LockOffices)$`)

// The linter holds who is imported; which methods are called is held here, since by their packages reads and writes of ent are one.
func TestCatalogueWritesNothing(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	fset := token.NewFileSet()
	read := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if selector.Sel.Name == "Query" {
				read++
			}
			if of, ok := selector.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Hash" {
				return true // the bytes of a document
			}
			if writing.MatchString(selector.Sel.Name) {
				t.Errorf("%s: %s writes; writing stays with the portal", fset.Position(selector.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
	require.Positive(t, read, "the test sees the queries that there are")
}
