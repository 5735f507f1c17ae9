//go:build federation

package federation

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/test/node"
	"nelke/test/suite"
)

// TestComposition composes by all three composers, and compares what they make.
func TestComposition(t *testing.T) {
	t.Parallel()
	r := newRegion(t, suite.SQLite())
	sdl, neighbour := schemaOf(r.nelke), schemaOf(suite.Remote(t, r.directory.URL))
	nelke := file(t, r.folder, "nelke.graphql", sdl)
	other := file(t, r.folder, "library.graphql", library)
	tags := countTags(sdl + neighbour)

	var first []string
	for _, composer := range []string{"apollo", "guild", "wundergraph"} {
		t.Run(composer, func(t *testing.T) {
			column := composers.column(t, map[string]string{
				"apollo": "@apollo/composition", "guild": "@theguild/federation-composition", "wundergraph": "@wundergraph/composition",
			}[composer])
			made := r.compose(t, composer)
			composers.check(t, column, "Nelke's schema and a neighbour's compose", func(t *testing.T) {
				town := load(t, made).Types["Municipality"].Fields
				require.NotNil(t, town.ForName("services"))
				require.NotNil(t, town.ForName("region"))
			})
			composers.check(t, column, "all three make the same of them: types, fields, arguments, values", func(t *testing.T) {
				has := described(parts(load(t, made)))
				require.Greater(t, len(has), 500)
				if first == nil {
					first = has
				}
				require.Equal(t, first, has)
			})
			composers.check(t, column, "every tag arrives", func(t *testing.T) {
				require.Positive(t, tags)
				require.Equal(t, tags, countTags(read(t, made)))
			})
			composers.check(t, column, "a neighbour with Node, node, PageInfo and Money of its own composes, too", func(t *testing.T) {
				_, errors, err := node.Run(t, nil, "compose.js", composer, "nelke="+nelke+"@http://nelke.test/", "library="+other+"@http://library.test/")
				require.NoError(t, err, errors)
			})
			composers.check(t, column, "two Nelkes are refused: one serves all towns of a graph", func(t *testing.T) {
				_, errors, err := node.Run(t, nil, "compose.js", composer, "north="+nelke+"@http://north.test/", "south="+nelke+"@http://south.test/")
				require.Error(t, err)
				require.Regexp(t, `INVALID_FIELD_SHARING|without the "@shareable" directive`, errors)
			})
			if composer == "guild" {
				composers.check(t, column, "a contract leaves out what is for staff, and nothing else of Query", func(t *testing.T) {
					isContract(t, parts(load(t, made)), parts(load(t, r.compose(t, "guild", "--without=staff"))))
				})
			}
		})
	}
}

func isContract(t *testing.T, whole, public map[string]part) {
	t.Helper()
	left := 0
	for name, p := range whole {
		if p.forStaff() {
			require.NotContains(t, public, name)
			left++
		} else if strings.HasPrefix(name, "Query.") && p.of.ForName("tag") == nil {
			require.Contains(t, public, name)
		}
	}
	require.Positive(t, left)
}

func schemaOf(p *suite.Process) string {
	p.Test().Helper()
	return p.Anonymous().Do(`{ _service { sdl } }`, nil).OK("_service.sdl").String()
}

func countTags(sdl string) int { return strings.Count(sdl, `@tag(name: "`) }

// library is a subgraph of the Relay kind that shares nothing with Nelke, and has some of the same types.
const library = `
	extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
	type Query {
		node(id: ID!): Node
		books(first: Int, after: String): BookConnection!
	}
	interface Node { id: ID! }
	type Book implements Node @key(fields: "id") { id: ID! title: String! fine: Money town: Municipality }
	type BookConnection { nodes: [Book!]! pageInfo: PageInfo! }
	type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
	type Money @shareable { cents: Int! currency: String! }
	type Municipality @key(fields: "ars") { ars: String! }
`

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func load(t *testing.T, supergraph string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: supergraph, Input: read(t, supergraph)})
	require.NoError(t, err)
	return schema
}

// part is a type, field, argument or value of a schema.
type part struct {
	name, kind string // kind is that of a type, or the type of the others
	directives ast.DirectiveList
	of         ast.DirectiveList // of the type that it stands in
}

// parts are what clients see of a supergraph, but for what is inaccessible.
func parts(schema *ast.Schema) map[string]part {
	all := map[string]part{}
	add := func(p part) {
		if p.directives.ForName("inaccessible") == nil && p.of.ForName("inaccessible") == nil {
			all[p.name] = p
		}
	}
	for _, d := range schema.Types {
		if d.BuiltIn || strings.Contains(d.Name, "__") {
			continue
		}
		add(part{d.Name, string(d.Kind), d.Directives, nil})
		for _, field := range d.Fields {
			name := d.Name + "." + field.Name
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			add(part{name, field.Type.String(), field.Directives, d.Directives})
			for _, argument := range field.Arguments {
				add(part{name + "(" + argument.Name + ")", argument.Type.String(), argument.Directives, field.Directives})
			}
		}
		for _, value := range d.EnumValues {
			add(part{d.Name + "." + value.Name, "", value.Directives, d.Directives})
		}
	}
	return all
}

// described are the names of parts with their kinds.
func described(all map[string]part) []string {
	var names []string
	for name, p := range all {
		names = append(names, name+": "+p.kind)
	}
	slices.Sort(names)
	return names
}

// forStaff reports whether a part bears the tag itself.
func (p part) forStaff() bool {
	return slices.ContainsFunc(p.directives.ForNames("tag"), func(d *ast.Directive) bool {
		return d.Arguments.ForName("name").Value.Raw == "staff"
	})
}
