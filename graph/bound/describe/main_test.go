package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// What a bound was before gives way to what it is; what people wrote stays.
func TestDescriptionsEndWithTheBounds(t *testing.T) {
	t.Parallel()
	describing := func(text string) string {
		document, err := parser.ParseSchema(&ast.Source{Input: text})
		require.NoError(t, err)
		return describe(text, document, map[string]bool{"ChangeType": true})
	}
	const right = `
"A UUID – of ours. At most 36 characters come in."
scalar UUID
type Query {
  changes("Since „then“. At most 1000 characters." since: String "Of these. At most 50 entries." types: [ChangeType!] "How many." first: Int): Int
}
input PublicServiceFilter {
  """
  What people type:
  any words. At most 500 characters.
  """
  text: String
  "LeiKa keys. At most 500 entries of 50 characters."
  leikaKeys: [String!]
}
input PersonInput {
  "Given names, 1 to 100 characters."
  givenName: String!
  "An address."
  email: EmailAddress
}
`
	require.Equal(t, right, describing(right))
	require.Equal(t, right, describing(`
"A UUID – of ours."
scalar UUID
type Query {
  changes("Since „then“." since: String "Of these. At most 3 entries." types: [ChangeType!] "How many. At most 7 characters." first: Int): Int
}
input PublicServiceFilter {
  """
  What people type:
  any words.
  """
  text: String
  "LeiKa keys. At most 20 entries."
  leikaKeys: [String!]
}
input PersonInput {
  "Given names, 1 to 100 characters."
  givenName: String!
  "An address."
  email: EmailAddress
}
`))
}
