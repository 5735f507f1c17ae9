package access_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// graph is the schema as its files have it: the types by name, extensions included.
type graph map[string]*ast.Definition

// readGraph parses graph/schema.
func readGraph(t testing.TB) graph {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "graph", "schema", "*.graphqls"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	document, err := parser.ParseSchemas(sources...)
	require.NoError(t, err)
	g := graph{}
	for _, d := range document.Definitions {
		require.Nil(t, g[d.Name], "%s is there twice", d.Name)
		g[d.Name] = d
	}
	for _, extension := range document.Extensions {
		d := g[extension.Name]
		require.NotNil(t, d, extension.Name)
		d.Fields = append(d.Fields, extension.Fields...)
		d.Directives = append(d.Directives, extension.Directives...)
		d.Interfaces = append(d.Interfaces, extension.Interfaces...)
	}
	return g
}

// names are the rows that the schema calls for: each field of each object type; for node each type behind it; for
// _entities each key. Fields of interfaces are those of the types that implement them.
func (g graph) names() []string {
	names := []string{"Query._service"} // which federation adds
	for _, d := range g {
		if d.Kind != ast.Object {
			continue
		}
		for _, field := range d.Fields {
			if d.Name == "Query" && field.Name == "node" {
				continue
			}
			names = append(names, joined(d.Name, field.Name))
		}
		if slices.Contains(d.Interfaces, "Node") {
			names = append(names, joined("Query.node", d.Name))
		}
		for _, key := range d.Directives.ForNames("key") {
			names = append(names, joined("Query._entities", d.Name+"("+keyName(key.Arguments.ForName("fields").Value.Raw)+")"))
		}
	}
	slices.Sort(names)
	return names
}

// keyName writes the fields of a key without spaces: "municipality { ars } slug" is municipality.ars,slug.
func keyName(fields string) string {
	var names, path []string
	for _, word := range strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(fields)) {
		switch word {
		case "{":
			last := len(names) - 1
			path, names = append(path, names[last]), names[:last]
		case "}":
			path = path[:len(path)-1]
		default:
			names = append(names, strings.Join(append(slices.Clone(path), word), "."))
		}
	}
	return strings.Join(names, ",")
}

// Whatever the schema has, has a line in the table, and the table has no line too many.
func TestEveryFieldHasItsLine(t *testing.T) {
	t.Parallel()
	tab := readTable(t)
	without := maps.Clone(tab.rows)
	for _, name := range readGraph(t).names() {
		require.Contains(t, tab.rows, name, "the schema has %s, and table.txt has no line for it", name)
		delete(without, name)
	}
	require.Empty(t, slices.Sorted(maps.Keys(without)), "lines of table.txt for which the schema has nothing")
}

// field is a field of a type by name.
func (g graph) field(typ, name string) *ast.FieldDefinition {
	d := g[typ]
	if d == nil {
		return nil
	}
	return d.Fields.ForName(name)
}

// object reports whether a type has fields.
func (g graph) object(typ string) bool { return g[typ] != nil && g[typ].Kind == ast.Object }

// result is what the payload of a mutation carries beside its problems.
func (g graph) result(mutation string) *ast.FieldDefinition {
	for _, field := range g[g.field("Mutation", mutation).Type.Name()].Fields {
		if field.Name != "problems" {
			return field
		}
	}
	return nil
}

// input is the type of a mutation's input.
func (g graph) input(mutation string) string {
	return g.field("Mutation", mutation).Arguments.ForName("input").Type.String()
}
