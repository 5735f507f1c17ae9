package graph

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"pgregory.net/rapid"
)

// metaFields are the fields of the meta-schema: what each leads to, and whether it takes includeDeprecated.
var metaFields = map[string]map[string]string{
	"__Schema": {
		"description": "", "directives": "__Directive", "queryType": "__Type", "mutationType": "__Type", "subscriptionType": "__Type",
	},
	"__Type": {
		"kind": "", "name": "", "description": "", "specifiedByURL": "", "isOneOf": "", "fields": "__Field", "fields+": "__Field",
		"inputFields": "__InputValue", "inputFields+": "__InputValue", "interfaces": "__Type", "enumValues": "__EnumValue",
		"enumValues+": "__EnumValue", "possibleTypes": "__Type", "ofType": "__Type",
	},
	"__Field": {
		"name": "", "description": "", "args": "__InputValue", "args+": "__InputValue", "type": "__Type", "isDeprecated": "", "deprecationReason": "",
	},
	"__InputValue": {
		"name": "", "description": "", "type": "__Type", "defaultValue": "", "isDeprecated": "", "deprecationReason": "",
	},
	"__EnumValue": {"name": "", "description": "", "isDeprecated": "", "deprecationReason": ""},
	"__Directive": {"name": "", "description": "", "isRepeatable": "", "locations": "", "args": "__InputValue", "args+": "__InputValue"},
}

// metaSelection draws a selection: so deep, with so many lists of types within each other as validation lets pass.
func metaSelection(t *rapid.T, typename string, deep, lists int) string {
	fields := metaFields[typename]
	var b strings.Builder
	b.WriteString("{ __typename ")
	for n := range rapid.IntRange(0, 4).Draw(t, "selections") {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(fields))).Draw(t, "field")
		plain, deprecated := strings.CutSuffix(name, "+")
		left := lists
		switch plain {
		case "fields", "inputFields", "interfaces", "possibleTypes":
			left--
		}
		if fields[name] != "" && deep == 0 || left < 0 {
			continue
		}
		if fields[name] != "" || rapid.Bool().Draw(t, "renamed") {
			fmt.Fprintf(&b, "a%d%d: ", deep, n)
		}
		b.WriteString(plain)
		if deprecated {
			b.WriteString("(includeDeprecated: $yes)")
		}
		b.WriteString(" ")
		if next := fields[name]; next != "" {
			inner := metaSelection(t, next, deep-1, left)
			if rapid.Bool().Draw(t, "in a fragment") {
				inner = "{ ... on " + next + " @skip(if: $no) " + inner + "}"
			}
			b.WriteString(inner)
		}
	}
	return b.String() + "}"
}

// introspecting executes a query, with our writer or with gqlgen's.
func introspecting(t require.TestingT, i *introspected, query string, variables map[string]any) (string, gqlerror.List) {
	e := executor.New(NewExecutableSchema(Config{}))
	e.Use(extension.Introspection{})
	if i != nil {
		e.Use(i)
		e.Use(answers{limit: i.limit})
	}
	ctx := graphql.StartOperationTrace(context.Background())
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	require.Empty(t, errs, query)
	next, ctx := e.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
	response := next(ctx)
	return string(response.Data), response.Errors
}

func TestTheSchemaIsWrittenAsGqlgenWritesIt(t *testing.T) {
	t.Parallel()

	for _, query := range []string{introspection.Query, introspection.NewQuery(introspection.QueryOptions{OneOf: true})} {
		want, errs := introspecting(t, nil, query, nil)
		require.Empty(t, errs)
		got, errs := introspecting(t, newIntrospected(MaxAnswer), query, nil)
		require.Empty(t, errs)
		require.Equal(t, want, got, "the whole schema")
	}
	i := newIntrospected(MaxAnswer)
	names := slices.Sorted(maps.Keys(NewExecutableSchema(Config{}).Schema().Types))
	rapid.Check(t, func(t *rapid.T) {
		query := fmt.Sprintf(`query($yes: Boolean!, $no: Boolean!, $name: String!) {
			yes: __typename @include(if: $yes) no: __typename @include(if: $no) __schema %s __type(name: $name) %s none: __type(name: "None") { name }
		}`, metaSelection(t, "__Schema", 3, 2), metaSelection(t, "__Type", 3, 2))
		variables := map[string]any{"yes": rapid.Bool().Draw(t, "yes"), "no": false, "name": rapid.SampledFrom(names).Draw(t, "name")}
		want, errs := introspecting(t, nil, query, variables)
		require.Empty(t, errs)
		got, errs := introspecting(t, i, query, variables)
		require.Empty(t, errs)
		require.Equal(t, want, got, query)
	})
}

// What one selection comes to is rendered once, however it is written.
func TestTheSchemaIsRenderedOnce(t *testing.T) {
	t.Parallel()

	i := newIntrospected(MaxAnswer)
	ask := func(query string) { _, errs := introspecting(t, i, query, nil); require.Empty(t, errs) }
	ask(introspection.Query)
	i.kept.CleanUp()
	size := i.kept.WeightedSize()
	require.Positive(t, size)
	ask(strings.ReplaceAll(introspection.Query, "\n", "\n # a remark\n"))
	i.kept.CleanUp()
	require.Equal(t, size, i.kept.WeightedSize())
	for n := range 100 {
		ask(strings.Replace(introspection.Query, "queryType", fmt.Sprintf("a%d: queryType", n), 1))
	}
	i.kept.CleanUp()
	require.LessOrEqual(t, i.kept.WeightedSize(), uint64(keptSchemas))
}

// manySchemas asks for the schema under many names, types within types.
func manySchemas() string {
	var b bytes.Buffer
	b.WriteString("{")
	for n := range 100 {
		fmt.Fprintf(&b, "a%d:__schema{...S}", n)
	}
	b.WriteString(`} fragment S on __Schema{types{...T fields{name args{name type{...R}} type{...R}} inputFields{name type{...R}} possibleTypes{...R fields{name type{...R}}}}}
		fragment R on __Type{...T ofType{...T ofType{...T ofType{...T}}}} fragment T on __Type{kind name description}`)
	return b.String()
}

func TestASchemaUnderManyNamesIsCutShort(t *testing.T) {
	t.Parallel()

	data, errs := introspecting(t, newIntrospected(MaxAnswer), manySchemas(), nil)
	require.Equal(t, "null", data)
	require.Len(t, errs, 1)
	require.Equal(t, codeTooLarge, errs[0].Extensions["code"])
}

func BenchmarkTheSchema(b *testing.B) {
	for b.Loop() {
		_, errs := introspecting(b, newIntrospected(MaxAnswer), introspection.Query, nil)
		require.Empty(b, errs)
	}
}
