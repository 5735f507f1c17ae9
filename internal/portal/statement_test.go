package portal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// PostgreSQL keeps a plan for each text of a statement, and SQLite refuses long ones: a list that somebody else has the length of
// is one parameter (store.In, store.OneOf). What ent generates for lists has one for each element.
func TestNoStatementGrowsWithAList(t *testing.T) {
	t.Parallel()

	// ofTypes has one condition for each type there is; storable has the id that it was given, or nothing.
	allowed := []string{"entchange.Or(some...)", "storable"}
	for _, folder := range []string{".", "../job", "../../server"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, file, source, 0)
			require.NoError(t, err)
			ast.Inspect(parsed, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !call.Ellipsis.IsValid() {
					return true
				}
				text := string(source[call.Pos()-1 : call.End()-1])
				if name, ok := call.Fun.(*ast.SelectorExpr); !ok || !growing(name.Sel.Name) || slices.Contains(allowed, text) {
					return true
				}
				one, ok := call.Args[len(call.Args)-1].(*ast.CallExpr)
				single := ok && slices.Contains(allowed, sourceOf(source, one.Fun)) && len(one.Args) == 1 && !one.Ellipsis.IsValid()
				require.True(t, single, "%s: %s: take store.OneOf, so that the statement doesn't depend on the list", fset.Position(call.Pos()), text)
				return true
			})
		}
	}
}

func growing(name string) bool {
	return name == "Or" || name == "And" || strings.HasSuffix(name, "In")
}

func sourceOf(source []byte, n ast.Node) string { return string(source[n.Pos()-1 : n.End()-1]) }
