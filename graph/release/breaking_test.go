package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/graph"
)

// shop is small and has one of everything that can be broken.
const shop = `
type Query { thing(id: ID!, in: In, limit: Int = 20): Thing things(first: Int): [Thing!]! any: Any }
interface Node { id: ID! }
union Any = Thing | Other
enum Color { RED BLUE }
scalar Date
input In { color: Color! = RED size: Int names: [String!] }
type Thing implements Node @key(fields: "id") @key(fields: "code") { id: ID! code: String! color: Color owner: Node tags: [String!]! }
type Other implements Node @shareable { id: ID! }
`

func TestWhatBreaksClientsIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, was, is, change string }{
		{"one of a union goes", "Thing | Other", "Thing", "Any: Other is no longer one of it"},
		{"a type becomes another kind", "enum Color { RED BLUE }", "scalar Color", "Color: was ENUM, is SCALAR"},
		{"a field goes", " code: String!", "", "Thing.code: removed"},
		{"a value goes", "RED BLUE", "RED", "Color.BLUE: value removed"},
		{"an argument goes", ", limit: Int = 20", "", "Query.thing(limit:): removed"},
		{"an argument must be given", "limit: Int = 20", "limit: Int = 20, by: ID!", "Query.thing(by:): new, and must be given"},
		{"an argument must be given now", "things(first: Int)", "things(first: Int!)", "Query.things(first:): was Int, is Int!"},
		{"what is taken otherwise changes", "limit: Int = 20", "limit: Int = 50", "Query.thing(limit:): what is taken where nothing is given was 20, is 50"},
		{"an input field goes", " size: Int", "", "In.size: removed"},
		{"an input field must be given", "size: Int", "size: Int weight: Int!", "In.weight: new, and must be given"},
		{"an input field must be given now", "size: Int", "size: Int!", "In.size: was Int, is Int!"},
		{"a list takes no nulls", "first: Int", "first: [Int!]", "Query.things(first:): was Int, is [Int!]"},
		{"an answer may be null", "code: String!", "code: String", "Thing.code: was String!, is String"},
		{"an entry may be null", "tags: [String!]!", "tags: [String]!", "Thing.tags: was [String!]!, is [String]!"},
		{"an answer has another type", "color: Color owner", "color: String owner", "Thing.color: was Color, is String"},
		{"an interface goes", "type Other implements Node", "type Other", "Other: no longer implements Node"},
		{"a type goes", "scalar Date", "", "Date: removed"},
		{"a key goes", ` @key(fields: "code")`, "", `Thing: no longer @key(fields: "code")`},
		{"others may no longer have it", "@shareable ", "", "Other: no longer @shareable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, changes(t, c.was, c.is), c.change)
		})
	}
}

func TestWhatBreaksNobodyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, was, is string }{
		{"nothing", "RED", "RED"},
		{"a value more", "RED BLUE", "RED BLUE GREEN"},
		{"a field more", "code: String!", "code: String! price: Int"},
		{"an answer is never null now", "color: Color owner", "color: Color! owner"},
		{"an answer is a narrower one", "owner: Node", "owner: Thing"},
		{"an argument that may be left out", "first: Int", "first: Int, after: String"},
		{"one that is taken otherwise", "first: Int", "first: Int, size: Int! = 3"},
		{"an input field that may be left out", "size: Int", "size: Int weight: Int"},
		{"one that need not be given any more", "color: Color! = RED", "color: Color = RED"},
		{"one of a union more", "Thing | Other", "Thing | Other | More type More { id: ID! }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, changes(t, c.was, c.is))
		})
	}
}

func changes(t *testing.T, was, is string) []string {
	t.Helper()
	require.Contains(t, shop, was)
	before, err := graph.LoadSDL("was", shop)
	require.NoError(t, err)
	after, err := graph.LoadSDL("is", strings.Replace(shop, was, is, 1))
	require.NoError(t, err)
	return breaking(before, after)
}
