package graph_test

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func TestHalfOfASurrogatePairIsNoCharacter(t *testing.T) {
	t.Parallel()
	g := newGraph()
	for literal, escape := range map[string]string{
		`"\ud800"`: `\ud800`, `"a\uDBFF"`: `\uDBFF`, `"\uDC00\uD800"`: `\uDC00`, `"\ud83d x\ude00"`: `\ud83d`, `"\\\ud800"`: `\ud800`, `"\ud83d\u0041"`: `\ud83d`,
		`"\ud83d\ude00\ude00"`: `\ude00`,
		`"\ud83d\ude00"`:       "", `"\\ud800"`: "", `"""\ud800"""`: "", `"\u0041"`: "", `"\u{1F600}"`: "", `"a" # \ud800`: "", `"""\""" \ud800 """`: "", `"\"\ud83d\ude00\""`: "",
	} {
		_, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: "{\n  node(id: " + literal + "\n) { id } }"})
		if escape == "" {
			require.Empty(t, errs, literal)
			continue
		}
		require.Len(t, errs, 1, literal)
		require.Equal(t, "The escape "+escape+" is half of a surrogate pair, and no character.", errs[0].Message, literal)
		require.Equal(t, "GRAPHQL_PARSE_FAILED", errs[0].Extensions["code"])
		require.Equal(t, 2, errs[0].Locations[0].Line)
	}
	_, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: "{\n  node(id: \"ü\\ud800\") { id } }"})
	require.Equal(t, []gqlerror.Location{{Line: 2, Column: 14}}, errs[0].Locations)
}
