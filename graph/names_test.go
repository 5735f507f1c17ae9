package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

// However many names strangers think of, so many are carried, each so long: a name in use keeps its place, and idle ones leave theirs.
func TestNamesOfOperationsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)
	names := NewNames(func() time.Time { return now })
	of := func(name string) string {
		return names.Of(&graphql.OperationContext{Operation: &ast.OperationDefinition{Name: name}})
	}
	require.Empty(t, of(""))
	require.Empty(t, names.Of(&graphql.OperationContext{}))
	require.Equal(t, "Kalender", of("Kalender"))
	require.Equal(t, strings.Repeat("x", 64), of(strings.Repeat("x", 100_000)))

	carried := map[string]bool{}
	for n := range 100_000 {
		carried[of(fmt.Sprint("Stranger", n))] = true
	}
	require.Len(t, carried, maxNames-2+1, "those that had a place left, and other")
	require.Equal(t, OtherName, of("Termin"))
	require.Equal(t, "Kalender", of("Kalender"))
	require.Len(t, names.used, maxNames)

	now = now.Add(nameIdle - 1)
	require.Equal(t, OtherName, of("Termin"))
	require.Equal(t, "Kalender", of("Kalender"))
	now = now.Add(1)
	require.Equal(t, "Termin", of("Termin"), "an hour after the strangers")
	require.Len(t, names.used, 2, "Kalender was used meanwhile")
}
