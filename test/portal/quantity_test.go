package portal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	standard "github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// grow adds events to the holder's case until it has so many.
func (w *world) grow(t *testing.T, to int) {
	t.Helper()
	db := suite.OpenWriter(t, w.Config)
	_, err := db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT (SELECT max(seq) FROM events WHERE stream = $1) + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO events (stream, seq, municipality_id, at, actor, subject, action, before, after, salt, digest, previous, hash)
		SELECT stream, i, municipality_id, at, actor, subject, action, before, after, salt, digest, previous, hash FROM events, n WHERE stream = $1 AND seq = 1`, w.caseID, to)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `UPDATE cases SET event_count = $2 WHERE id = $1`, w.caseID, to)
	require.NoError(t, err)
}

func TestWhatGrowsComesInPages(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		const many = 2345
		w.grow(t, many)

		list := w.holder.Do(`{ viewer { case { events { sequence } } } }`, nil)
		numbers := list.OK("viewer.case.events.#.sequence").Array()
		require.Len(t, numbers, 1000, "the newest")
		for i, n := range numbers {
			require.EqualValues(t, many-1000+i+1, n.Int())
		}
		require.Equal(t, `{"path":["viewer","case","events"],"newest":1000}`, list.Get("extensions.truncated.0").Raw, "which the answer says")

		seen, after := []int64{}, any(nil)
		for range 100 {
			page := w.holder.Do(`query($after: String) { viewer { case { eventConnection(first: 100, after: $after) {
				nodes { sequence } edges { cursor node { sequence } } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }`, suite.Vars{"after": after}).OK("viewer.case.eventConnection")
			for _, n := range page.Get("nodes.#.sequence").Array() {
				seen = append(seen, n.Int())
			}
			require.Equal(t, after != nil, page.Get("pageInfo.hasPreviousPage").Bool())
			if !page.Get("pageInfo.hasNextPage").Bool() {
				break
			}
			after = page.Get("pageInfo.endCursor").String()
		}
		require.Len(t, seen, many, "all of them, once")
		for i, n := range seen {
			require.EqualValues(t, many-i, n)
		}
		wrong := w.holder.Do(`{ viewer { case { a: eventConnection(after: "x") { nodes { at } } b: eventConnection(first: 101) { nodes { at } } appointmentConnection(first: 0) { nodes { id } } } } }`, nil)
		require.Len(t, wrong.Get("errors").Array(), 3)
		for _, err := range wrong.Get("errors").Array() {
			require.Equal(t, "INVALID_INPUT", err.Get("extensions.code").String())
		}

		both := w.holder.Do(`{ viewer { case { appointments { id } appointmentConnection(first: 1) { nodes { id } pageInfo { hasNextPage endCursor } } applicationConnection { nodes { id } } } } }`, nil).OK("viewer.case")
		next := w.holder.Do(`query($after: String) { viewer { case { appointmentConnection(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage } } } } }`,
			suite.Vars{"after": both.Get("appointmentConnection.pageInfo.endCursor").String()}).OK("viewer.case.appointmentConnection")
		ids := []string{both.Get("appointmentConnection.nodes.0.id").String(), next.Get("nodes.0.id").String()}
		require.Equal(t, []string{both.Get("appointments.0.id").String(), both.Get("appointments.1.id").String()}, ids)
		require.True(t, both.Get("appointmentConnection.pageInfo.hasNextPage").Bool())
		require.False(t, next.Get("pageInfo.hasNextPage").Bool())
		require.Empty(t, both.Get("applicationConnection.nodes").Array())
	})
}

// One thing that stands in a list twice has all that belongs to it both times.
func TestAnEntityTwiceIsTheSameTwice(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		of := []suite.Vars{{"__typename": "Case", "id": w.caseID}, {"__typename": "Case", "id": w.other.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()}, {"__typename": "Case", "id": w.caseID}}
		for _, c := range []*suite.Client{w.holder, w.clerk} {
			found := c.Do(`query($of: [_Any!]!) { _entities(representations: $of) { ... on Case { id
				events { sequence action } appointments { id case { id } } eventConnection { nodes { sequence } } } } }`, suite.Vars{"of": of}).OK("_entities").Array()
			require.NotEmpty(t, found[0].Get("events").Array())
			require.NotEmpty(t, found[0].Get("appointments").Array())
			require.Equal(t, found[0].Raw, found[2].Raw)
		}
	})
}

// An answer has a largest size, whatever it is made of.
func TestAnAnswerHasALargestSize(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.grow(t, 1000)
		aliases := func(n int, field string) string {
			var s strings.Builder
			for i := range n {
				fmt.Fprintf(&s, "a%d: %s ", i, field)
			}
			return s.String()
		}
		code := func(c *suite.Client, query string) string {
			a := c.Do(query, nil)
			require.Less(t, len(a.Raw), 5<<20)
			return a.Get("errors.0.extensions.code").String()
		}
		events := `events { sequence at action by subject before after }`
		require.Empty(t, code(w.holder, `{ viewer { case { `+aliases(10, events)+` } } }`))
		require.Equal(t, "RESPONSE_TOO_LARGE", code(w.holder, `{ viewer { case { `+aliases(60, events)+` } } }`))
		require.Equal(t, "TOO_COMPLEX", code(w.holder, `{ viewer { case { `+aliases(190, events)+` } } }`))

		require.Empty(t, code(w.anonymous, standard.Query))
		whole := `types { name description fields { name description args { name description type { name } } type { name } } inputFields { name description } enumValues { name description } } `
		require.Equal(t, "TOO_COMPLEX", code(w.anonymous, `{ `+aliases(2, `__schema { queryType { name } }`)+` }`))
		require.Equal(t, "RESPONSE_TOO_LARGE", code(w.anonymous, `{ __schema { `+aliases(50, whole)+` } }`))
		require.Equal(t, "TOO_COMPLEX", code(w.anonymous, `{ `+aliases(50, `__type(name: "Query") { fields { name description } }`)+` }`))
		require.Empty(t, code(w.anonymous, `{ `+aliases(3, `__type(name: "Query") { fields { name description } }`)+` }`))
		require.Equal(t, "TOO_COMPLEX", code(w.anonymous, `{ _service { `+aliases(50, `sdl`)+` } }`))
		require.Empty(t, code(w.anonymous, `{ _service { sdl } }`))
		require.Equal(t, "GRAPHQL_VALIDATION_FAILED", code(w.anonymous, `{ `+strings.Repeat("a", 500)+`: __typename }`))
	})
}

// A list is a set before it reaches the database: however long it is, the statement is the same.
func TestAListOfTypesIsASet(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		ask := func(types ...string) *suite.Answer {
			return w.anonymous.Do(`query($t: [ChangeType!]) { changes(types: $t, first: 1000) { changes { id } } }`, suite.Vars{"t": types})
		}
		some := ask("OFFICE").OK("changes.changes").Raw
		require.Equal(t, some, ask(slices.Repeat([]string{"OFFICE"}, 3)...).OK("changes.changes").Raw)
		require.NotEqual(t, some, ask("OFFICE", "MUNICIPALITY").OK("changes.changes").Raw)
		long := ask(slices.Repeat([]string{"OFFICE"}, 60_000)...)
		require.NotContains(t, long.Raw, "INTERNAL")
	})
}
