package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph"
)

// A document costs little to be refused, and what is said of it is short.
//
//nolint:paralleltest // it measures what is allocated
func TestARefusedDocumentIsCheap(t *testing.T) {
	g := newGraph()
	alternating := func(key string, n int) string {
		return "{node(id:1){" + strings.Repeat(key+":id "+key+":__typename ", n) + "}}"
	}
	many := func(n int, each func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(each(i))
		}
		return b.String()
	}
	long := strings.Repeat("x", 250)
	for name, document := range map[string]string{
		"one key, two fields":            alternating("x", 495),
		"one key, as often as may be":    alternating("x", 200),
		"a long key":                     alternating(long, 495),
		"a long key, as often as may be": alternating(long, 200),
		"one field":                      "{" + strings.Repeat("__typename ", 2990) + "}",
		"one field inside":               "{node(id:1){" + strings.Repeat("id ", 2980) + "}}",
		"different places":               "{" + strings.Repeat("viewer{case{x:id}} viewer{case{x:openedAt}} ", 120) + "}",
		"one place below":                "{viewer{" + strings.Repeat("case{x:id x:openedAt} ", 190) + "}}",
		"fragments against each other": "{node(id:1){" + many(150, func(i int) string { return fmt.Sprintf("...F%d ", i) }) + "}}" +
			many(150, func(i int) string { return fmt.Sprintf("fragment F%d on Node{x:id x:__typename} ", i) }),
		"one fragment at many places": "{" + many(200, func(i int) string { return fmt.Sprintf("a%d:node(id:1){...F} ", i) }) + "} fragment F on Node{" +
			many(60, func(i int) string { return fmt.Sprintf("x%d:id x%d:__typename ", i, i) }) + "}",
		"unknown variables":      many(270, func(i int) string { return fmt.Sprintf("query q%d{...F} ", i) }) + "fragment F on Query{node(id:$v){id}}",
		"unknown fields":         "{" + many(2900, func(i int) string { return fmt.Sprintf("publicServicf%d ", i) }) + "}",
		"unknown types":          many(180, func(i int) string { return fmt.Sprintf("{node(id:1){...on Applicatiom%d{id}}}", i) }),
		"a name without end":     "{" + strings.Repeat("a", 1<<20) + "}",
		"a type without end":     "query($a:" + strings.Repeat("a", 1<<20) + "){__typename}",
		"a value that is no ID":  `{node(id:` + strings.Repeat("A", 1<<20) + `){id}}`,
		"an argument unknown":    "{" + many(740, func(i int) string { return fmt.Sprintf("node(ix%d:1)", i) }) + "}",
		"a directive unknown":    "{" + many(740, func(i int) string { return fmt.Sprintf("__typename@skipp%d ", i) }) + "}",
		"operations of one name": strings.Repeat("query q{__typename} ", 590),
	} {
		params := &graphql.RawParams{Query: document}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), params)
		runtime.ReadMemStats(&after)
		require.NotEmpty(t, errs, name)
		said := 0
		for _, err := range errs {
			said += len(err.Message) + 100*len(err.Locations)
		}
		took := float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
		t.Logf("%-32s %7d bytes: %5.1f MiB, %2d errors, %6d bytes: %.90s", name, len(document), took, len(errs), said, errs[0].Message)
		if said > 20_000 || took > 48 {
			t.Errorf("%s: %.1f MiB for %d bytes", name, took, said)
		}
	}
}

// A document that a hash stands for is bounded as well, and one that is just within the bounds is taken.
func TestNamesAreCountedBehindAHash(t *testing.T) {
	t.Parallel()
	g := graph.Around(graph.NewExecutableSchema(graph.Config{}), graph.Options{
		Documents: graphql.MapCache[string]{}, Log: slog.New(slog.DiscardHandler), Clock: time.Now,
	})
	ask := func(query, document string) gqlerror.List {
		hash := sha256.Sum256([]byte(document))
		_, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: query, Extensions: map[string]any{
			"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(hash[:])},
		}})
		return errs
	}
	within, beyond := "{"+strings.Repeat("__typename ", 400)+"}", "{"+strings.Repeat("__typename ", 401)+"}"
	for _, sent := range []bool{true, false} {
		query := func(document string) string {
			if sent {
				return document
			}
			return ""
		}
		require.Empty(t, ask(query(within), within))
		errs := ask(query(beyond), beyond)
		require.Len(t, errs, 1)
		require.Equal(t, "TOO_COMPLEX", errs[0].Extensions["code"])
	}
}
