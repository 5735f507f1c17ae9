package graph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

// A price that names no field would be paid by nobody.
func TestPricesAreOfFields(t *testing.T) {
	t.Parallel()

	p := withPrices(NewExecutableSchema(Config{}))
	schema := p.Schema()
	for name := range p.prices {
		object, field, _ := strings.Cut(name, ".")
		require.NotNil(t, schema.Types[object], name)
		require.NotNil(t, schema.Types[object].Fields.ForName(field), name)
	}
	for _, object := range schema.Types {
		for _, field := range object.Fields {
			if field.Arguments.ForName("first") != nil || field.Arguments.ForName("days") != nil {
				require.Contains(t, p.prices, object.Name+"."+field.Name, "a list whose length the client chooses has a price")
			}
		}
	}
}

// A list without a length costs what one thing does, however long it is.
func TestEveryListHasAPrice(t *testing.T) {
	t.Parallel()

	p := withPrices(NewExecutableSchema(Config{}))
	schema := p.Schema()
	paid := map[string]bool{} // with what they are part of
	for _, object := range schema.Types {
		for _, field := range object.Fields {
			d := field.Directives.ForName("listSize")
			if d == nil || d.Arguments.ForName("sizedFields") == nil {
				continue
			}
			require.Contains(t, p.prices, object.Name+"."+field.Name)
			for _, sized := range d.Arguments.ForName("sizedFields").Value.Children {
				paid[field.Type.Name()+"."+sized.Value.Raw] = true
			}
		}
	}
	for _, object := range schema.Types {
		if object.Kind != ast.Object || strings.HasPrefix(object.Name, "__") || object.Name == "Entity" { // which nobody can ask for
			continue
		}
		for _, field := range object.Fields {
			if name := object.Name + "." + field.Name; field.Type.Elem != nil && !paid[name] {
				require.Contains(t, p.prices, name, "say in the schema how long the list is: @listSize(assumedSize: …), or page it")
			}
		}
	}
}

func TestAPriceGrowsWithItsArgument(t *testing.T) {
	t.Parallel()

	p := withPrices(NewExecutableSchema(Config{}))
	for _, c := range []struct {
		given any
		price int
	}{{nil, 1 + 20*3}, {int64(7), 1 + 7*3}, {"7", 1 + 7*3}, {-1, 1 + 3}, {5000, 1 + 1000*3}, {"many", 1 + 1000*3}} {
		price, ok := p.Complexity(t.Context(), "Query", "publicServices", 3, map[string]any{"first": c.given})
		require.True(t, ok)
		require.Equal(t, c.price, price, "%v", c.given)
	}
	price, _ := p.Complexity(t.Context(), "Query", "availability", 8, map[string]any{"input": map[string]any{"days": int64(5)}})
	require.Equal(t, 1+5*8/4, price)
	price, _ = p.Complexity(t.Context(), "Query", "availability", 8, map[string]any{"input": map[string]any{}})
	require.Equal(t, 1+28*8/4, price)
	price, _ = p.Complexity(t.Context(), "Office", "availability", 8, map[string]any{"days": int64(62)})
	require.Equal(t, 1+62*8/4, price)
	price, _ = p.Complexity(t.Context(), "Query", "_entities", 1<<50, map[string]any{"representations": make([]any, 1<<14)})
	require.Greater(t, price, bulkComplexity, "2^64, which would be nothing")
	price, _ = p.Complexity(t.Context(), "Case", "applications", 7, nil)
	require.Equal(t, 1+10*7, price, "what the schema says of the list's length")
	plain, _ := p.Complexity(t.Context(), "Query", "publicServices", 3, map[string]any{"filter": map[string]any{"kinds": []any{"a"}}})
	price, _ = p.Complexity(t.Context(), "Query", "publicServices", 3, map[string]any{"filter": map[string]any{"text": "pass"}})
	require.Greater(t, price, plain, "a text is looked for")
	_, ok := p.Complexity(t.Context(), "Query", "node", 8, nil)
	require.False(t, ok, "what has no price costs one and its selection")
}
