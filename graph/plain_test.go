package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/portal"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// given answers with what a test gives.
type given struct {
	ResolverRoot
	availability *portal.Availability
	changes      *portal.ChangeFeed
}

func (g *given) Query() QueryResolver { return givenQuery{g: g} }

type givenQuery struct {
	QueryResolver
	g *given
}

func (q givenQuery) Availability(context.Context, portal.AvailabilityInput) (*portal.Availability, error) {
	return q.g.availability, nil
}

func (q givenQuery) Changes(context.Context, *string, []portal.ChangeType, *int) (*portal.ChangeFeed, error) {
	return q.g.changes, nil
}

func execute(t require.TestingT, resolvers ResolverRoot, p *plain, query string, variables map[string]any) string {
	e := executor.New(NewExecutableSchema(Config{Resolvers: resolvers}))
	if p != nil {
		e.Use(p)
	}
	ctx := graphql.StartOperationTrace(context.Background())
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	require.Empty(t, errs, query)
	next, ctx := e.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
	response := next(ctx)
	require.Empty(t, response.Errors, query)
	return string(response.Data)
}

func TestPlainListsAreWrittenAsGqlgenWritesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := &given{availability: drawAvailability(t), changes: drawChanges(t)}
		q := &query{}
		slots := func() string {
			return q.selection(t, "Slot", map[string]func() string{"start": nil, "end": nil, "counters": nil, "reason": nil}, 2)
		}
		days := func() string {
			return q.selection(t, "AvailabilityDay", map[string]func() string{"date": nil, "starts": nil, "reason": nil, "slots": slots}, 3)
		}
		availability := q.selection(t, "Availability", map[string]func() string{"asOf": nil, "days": days}, 2)
		changes := q.selection(t, "Change", map[string]func() string{"type": nil, "id": nil, "at": nil}, 2)
		text := fmt.Sprintf(`query($yes: Boolean!, $no: Boolean!) {
			yes: __typename @include(if: $yes) no: __typename @include(if: $no)
			availability(input: {office: "o", concerns: []}) %s
			changes { changes %s cursor more }
		} %s`, availability, changes, strings.Join(q.fragments, "\n"))
		variables := map[string]any{"yes": true, "no": false}
		p := newPlain()
		want := execute(t, g, nil, text, variables)
		require.Equal(t, want, execute(t, g, p, text, variables), text)

		// What the tables don't know is left to gqlgen.
		unknown := rapid.SampledFrom([]string{"date", "slots", "asOf"}).Draw(t, "unknown")
		delete(p.days.fields, unknown)
		delete(p.answers.fields, unknown)
		require.Equal(t, want, execute(t, g, p, text, variables), text)
	})
}

// query draws selection sets that are valid together.
type query struct{ fragments []string }

// selection draws fields in any order, some of them several times, renamed, in fragments, left out by directives. A name
// always stands for the same field, so that what is selected twice can be merged.
func (q *query) selection(t *rapid.T, typename string, fields map[string]func() string, deep int) string {
	names := append(slices.Sorted(maps.Keys(fields)), "__typename")
	directive := rapid.SampledFrom([]string{"", "", "", "@include(if: true)", "@skip(if: true)", "@include(if: $no)", "@skip(if: $no)", "@include(if: $yes)", "@skip(if: $yes)"})
	var b strings.Builder
	b.WriteString("{ always: __typename ") // at least one field
	for range rapid.IntRange(0, 5).Draw(t, "selections") {
		switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
		case kind >= 2 || deep == 0:
			name := rapid.SampledFrom(names).Draw(t, "field")
			alias := rapid.SampledFrom([]string{"", "a" + name + ": ", "b" + name + ": "}).Draw(t, "alias")
			fmt.Fprintf(&b, "%s%s %s ", alias, name, directive.Draw(t, "directive"))
			if inner := fields[name]; inner != nil {
				b.WriteString(inner())
			}
		case kind == 1:
			condition := rapid.SampledFrom([]string{"", "on " + typename}).Draw(t, "condition")
			fmt.Fprintf(&b, "... %s %s %s ", condition, directive.Draw(t, "directive"), q.selection(t, typename, fields, deep-1))
		default:
			body := q.selection(t, typename, fields, deep-1)
			name := fmt.Sprintf("F%d", len(q.fragments))
			q.fragments = append(q.fragments, fmt.Sprintf("fragment %s on %s %s", name, typename, body))
			for range rapid.IntRange(1, 2).Draw(t, "spreads") {
				fmt.Fprintf(&b, "...%s %s ", name, directive.Draw(t, "directive"))
			}
		}
	}
	return b.String() + "}"
}

func drawAvailability(t *rapid.T) *portal.Availability {
	reason := rapid.SampledFrom([]problem.Reason{"", problem.ReasonFull, problem.ReasonTooSoon})
	instant := rapid.Custom(func(t *rapid.T) string { return drawInstant(t).Format(`"` + time.RFC3339 + `"`) })
	slot := rapid.Custom(func(t *rapid.T) portal.Slot {
		return portal.Slot{Start: portal.DateTime(instant.Draw(t, "start")), End: portal.DateTime(instant.Draw(t, "end")), Counters: rapid.IntRange(-1, 1000).Draw(t, "counters"), Reason: reason.Draw(t, "reason")}
	})
	day := rapid.Custom(func(t *rapid.T) portal.AvailabilityDay {
		return portal.AvailabilityDay{
			Date:  schedule.Date{Year: 2026, Month: time.November, Day: rapid.IntRange(1, 30).Draw(t, "day")},
			Free:  portal.DateTimes(strings.Join(rapid.SliceOfN(instant, 0, 3).Draw(t, "starts"), ",")),
			Slots: rapid.SliceOfN(slot, 0, 3).Draw(t, "slots"), Reason: reason.Draw(t, "reason"),
		}
	})
	return &portal.Availability{Days: rapid.SliceOfN(day, 0, 3).Draw(t, "days"), AsOf: time.Unix(1_800_000_000, 0).UTC()}
}

func drawChanges(t *rapid.T) *portal.ChangeFeed {
	change := rapid.Custom(func(t *rapid.T) portal.Change {
		return portal.Change{
			Type: rapid.SampledFrom([]portal.ChangeType{portal.ChangedMunicipality, portal.ChangedOffice}).Draw(t, "type"),
			ID:   rapid.String().Draw(t, "id"), At: drawInstant(t),
		}
	})
	return &portal.ChangeFeed{Changes: rapid.SliceOfN(change, 0, 3).Draw(t, "changes"), Cursor: "c"}
}

func drawInstant(t *rapid.T) time.Time {
	zone := time.FixedZone("", 60*rapid.IntRange(-720, 720).Draw(t, "offset"))
	return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds"), 0).In(zone)
}

// A field that a table lacks would be right, and slow for everything beside it.
func TestPlainKnowsAllFields(t *testing.T) {
	t.Parallel()
	p := newPlain()
	schema := NewExecutableSchema(Config{}).Schema()
	knows := func(names []string, fields []string) {
		require.Len(t, names, 1)
		definition := schema.Types[names[0]]
		require.Empty(t, definition.Interfaces)
		var all []string
		for _, f := range definition.Fields {
			all = append(all, f.Name)
			require.Empty(t, f.Arguments, "%s.%s", names[0], f.Name)
		}
		require.ElementsMatch(t, all, fields)
	}
	knows(p.answers.names, append(slices.Collect(maps.Keys(p.answers.fields)), "office"))
	knows(p.days.names, slices.Collect(maps.Keys(p.days.fields)))
	knows(p.slots.names, slices.Collect(maps.Keys(p.slots.fields)))
	knows(p.changes.names, slices.Collect(maps.Keys(p.changes.fields)))
}
