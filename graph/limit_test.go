package graph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestAPriceGrowsWithItsArgument(t *testing.T) {
	t.Parallel()

	p := withPrices(nil)
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
	_, ok := p.Complexity(t.Context(), "Query", "node", 8, nil)
	require.False(t, ok, "what has no price costs one and its selection")
}
