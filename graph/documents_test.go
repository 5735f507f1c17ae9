package graph

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
)

func TestDocumentsAreKeptByWhatTheyTake(t *testing.T) {
	t.Parallel()

	schema := NewExecutableSchema(Config{}).Schema()
	d := newDocuments()
	add := func(text string) {
		document, errs := gqlparser.LoadQueryWithRules(schema, text, nil)
		require.Empty(t, errs)
		d.Add(t.Context(), text, document)
	}
	add("{ __typename }")
	_, kept := d.Get(t.Context(), "{ __typename }")
	require.True(t, kept)

	long := "{ __typename }" + strings.Repeat(" ", keptDocument)
	add(long)
	_, kept = d.Get(t.Context(), long)
	require.False(t, kept, "longer than what is kept")

	// The largest content: as many fields as a document may have, over and over.
	dense := "{" + strings.Repeat(" a:__typename", maxTokens/3-2) + "}"
	for n := range 200 {
		add(fmt.Sprintf("query q%d %s", n, dense))
	}
	d.memory.CleanUp()
	require.LessOrEqual(t, d.memory.WeightedSize(), uint64(keptDocuments))
}

// What a document is said to take is what it takes, within a factor of two.
//
//nolint:paralleltest // it measures the heap
func TestTheWeightOfADocumentIsHonest(t *testing.T) {
	schema := NewExecutableSchema(Config{}).Schema()
	for _, text := range []string{
		"{" + strings.Repeat(" a:__typename", 900) + "}",
		`{ publicServices(filter: {kinds: [` + strings.Repeat(`"a" `, 2000) + `]}) { totalCount } }`,
	} {
		const many = 50
		kept := make([]any, 0, many)
		said := 0
		before := heap()
		for n := range many {
			document, errs := gqlparser.LoadQueryWithRules(schema, fmt.Sprintf("query q%d %s", n, text), nil)
			require.Empty(t, errs)
			kept = append(kept, document)
			said += documentBytes(document)
		}
		took := heap() - before
		runtime.KeepAlive(kept)
		require.Less(t, took, 2*said, "%.40s", text)
	}
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
