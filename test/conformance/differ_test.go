//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"nelke/graph"
	"nelke/test/node"
)

const sdl = "../../docs/schema.graphql"

// TestInputsAreJudgedAsGraphQLJSDoes asks Nelke and graphql-js the same: what one accepts and the other refuses is a difference
// that has a name, and a paragraph of the specification.
func TestInputsAreJudgedAsGraphQLJSDoes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(sdl)
	require.NoError(t, err)
	schema, err := graph.LoadSDL(sdl, string(text))
	require.NoError(t, err)
	all := questions(schema, 16, 2_000)
	for _, d := range differences() {
		all = append(all, d.example)
	}

	var lines bytes.Buffer
	for _, q := range all {
		document, err := json.Marshal(q.document)
		require.NoError(t, err)
		fmt.Fprintf(&lines, `{"document": %s, "variables": %s}`+"\n", document, q.variables)
	}
	cases := filepath.Join(t.TempDir(), "cases.jsonl")
	require.NoError(t, os.WriteFile(cases, lines.Bytes(), 0o600))
	stdout, stderr, err := node.Run(t, nil, "judge.js", sdl, cases)
	require.NoError(t, err, stderr)
	theirs := read[[]string](t, stdout)
	require.Len(t, theirs, len(all))

	g := graph.New(graph.Options{Documents: graphql.NoCache[string]{}, Log: slog.New(slog.DiscardHandler), Clock: time.Now, Introspection: true})
	accepted, found := 0, map[string]int{}
	for i, q := range all {
		ours := judged(t, g, q)
		if ours == "" {
			accepted++
		}
		if (ours == "") == (theirs[i] == "") {
			continue
		}
		name := ""
		for _, d := range differences() {
			if d.is(q, ours, theirs[i]) {
				name = d.name
				break
			}
		}
		found[name]++
		if name == "" {
			t.Errorf("%s\n%s\nours:   %q\ntheirs: %q", q.document, q.variables, ours, theirs[i])
		}
	}
	require.Greater(t, accepted, len(all)/4, "too few are right")
	require.Less(t, accepted, len(all)*3/4, "too few are wrong")
	fmt.Printf("inputs: %d documents judged as graphql-js does, %d of them accepted; but for\n", len(all), accepted)
	for _, d := range differences() {
		fmt.Printf("%4d  %s (%s)\n", found[d.name], d.name, d.paragraph)
		require.NotZero(t, found[d.name], "%s: is no difference any more", d.name)
	}
}

// judged is why Nelke refuses a question; empty where it doesn't.
func judged(t *testing.T, g *graph.Graph, q question) string {
	t.Helper()
	params := &graphql.RawParams{Query: q.document}
	decoder := json.NewDecoder(bytes.NewReader([]byte(q.variables)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&params.Variables), q.variables)
	_, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), params)
	if len(errs) == 0 {
		return ""
	}
	require.Contains(t, []any{"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}, errs[0].Extensions["code"], "%s: %v", q.document, errs)
	return errs[0].Message
}

// difference is a kind of question of which Nelke thinks otherwise than graphql-js, and where the specification speaks of it.
type difference struct {
	name, paragraph string
	example         question
	is              func(q question, ours, theirs string) bool
}

func differences() []difference {
	return []difference{
		{
			"@skip or @include with a variable at the root of a subscription: the variable is looked at, where graphql-js has no values yet",
			"5.2.4.1 Single Root Field",
			question{`subscription q($v: Boolean!) { application(id: "x") @skip(if: $v) { id } }`, `{"v": false}`},
			func(q question, ours, theirs string) bool {
				return ours == "" && strings.HasPrefix(q.document, "subscription") && strings.Contains(theirs, "not provided a runtime value")
			},
		},
		{
			"a variable that may be null at a field of a @oneOf is refused, whatever its value",
			"5.8.5 All Variable Usages Are Allowed",
			question{`query q($v: String) { municipality(by: {slug: $v}) { id } }`, `{"v": "blomberg"}`},
			func(_ question, ours, theirs string) bool {
				return theirs == "" && strings.Contains(ours, "must be non-nullable to be used for OneOf Input Object")
			},
		},
		{
			"a whole number of more than 64 bits with an exponent is no ID: JavaScript would make 1e+30 of it",
			"3.5.5 ID",
			question{`query q($v: ID!) { application(id: $v) { id } }`, `{"v": 1e30}`},
			func(q question, ours, theirs string) bool {
				return theirs == "" && strings.Contains(ours, "must be a string or a whole number") && strings.Contains(q.variables, "1e30")
			},
		},
		{
			"null where none may be is refused in a field too that @skip or @include leaves out",
			"6.4.1 Coercing Field Arguments",
			question{`query q($v: Boolean) { availability(input: {office: "x", concerns: [], explain: $v}) @skip(if: true) { asOf } }`, `{"v": null}`},
			func(q question, ours, theirs string) bool {
				return theirs == "" && strings.Contains(ours, "must not be null") && (strings.Contains(q.document, "@skip") || strings.Contains(q.document, "@include"))
			},
		},
		{
			"what a person mistyped as a date or time in a mutation is a problem of the mutation",
			"3.5 Scalars",
			question{`mutation { setFee(input: {idempotencyKey: "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", service: "x", cents: 2, legalBasis: {de: "x", en: "x"}, validFrom: "soon"}) { __typename } }`, `{}`},
			func(q question, ours, theirs string) bool {
				return ours == "" && strings.HasPrefix(q.document, "mutation") && (strings.Contains(theirs, "not a Date") || strings.Contains(theirs, "not a LocalTime"))
			},
		},
	}
}
