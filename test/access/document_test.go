package access_test

import (
	"fmt"
	"regexp"
	"strings"
)

// shape writes selections that ask for everything.
type shape struct {
	graph graph
	table *table
}

// arguments are those that fields can't do without, and those that keep lists of what is public short.
func arguments(field string) string {
	return map[string]string{
		"Municipality.page":           `(kind: CONTACT)`,
		"Office.openingHours":         `(from: "2026-11-22", days: 3)`,
		"Office.availability":         `(concerns: $concerns, from: "2026-11-22", days: 2)`,
		"Municipality.services":       `(first: 2)`,
		"WebhookEndpoint.deliveries":  `(first: 2)`,
		"Case.eventConnection":        `(first: 100)`,
		"Application.eventConnection": `(first: 1)`,
	}[field]
}

// whole selects all of a type. From one case, application, payment, appointment or event to another it goes so many
// steps, the last of which is that into a list; of the last ones, and of what is everybody's, it asks for the name. It stands for a fragment that complete adds.
func (s shape) whole(typ string, steps int) string { return fmt.Sprintf("{ ...%s_%d } ", typ, steps) }

func (s shape) fragment(typ string, steps int) string {
	var b strings.Builder
	fmt.Fprintf(&b, " fragment %s_%d on %s { __typename ", typ, steps, typ)
	for _, field := range s.graph[typ].Fields {
		to := field.Type.Name()
		paged := strings.HasSuffix(to, "Connection")
		if paged && strings.HasPrefix(to, "Case") && steps != 1 {
			continue // the lists beside them have the same; all together they would cost too much
		}
		b.WriteString(field.Name + arguments(typ+"."+field.Name) + " ")
		switch {
		case field.Name == "edges", paged && strings.HasPrefix(to, "Case"):
			b.WriteString(s.whole(to, 0))
		case to == "Problem":
			b.WriteString(problems)
		case !s.graph.object(to):
		case !s.table.personal(to):
			b.WriteString(s.brief(to))
		case !s.table.entity(to):
			b.WriteString(s.whole(to, steps))
		case steps > 0 && field.Type.Elem != nil:
			b.WriteString(s.whole(to, 0)) // what a list of lists may have costs too much
		case steps > 0:
			b.WriteString(s.whole(to, steps-1))
		default:
			b.WriteString("{ __typename id } ")
		}
	}
	return b.String() + "}"
}

// complete adds to a document the fragments that stand in it.
func (s shape) complete(document string) string {
	there := map[string]bool{}
	for {
		added := ""
		for _, spread := range regexp.MustCompile(`\.\.\.(\w+)_(\d)\b`).FindAllStringSubmatch(document, -1) {
			if there[spread[0]] {
				continue
			}
			there[spread[0]] = true
			added += s.fragment(spread[1], int(spread[2][0]-'0'))
		}
		if added == "" {
			return document
		}
		document += added
	}
}

const problems = `{ __typename code message path ... on AlreadyClaimed { clerk } ... on SlotTaken { reason alternatives } ... on RateLimited { retryAfterSeconds } } `

// brief selects what names something of everybody's: its id, or else all of it.
func (s shape) brief(typ string) string {
	if s.graph.field(typ, "id") != nil {
		return "{ __typename id } "
	}
	return s.public(typ, 0)
}

// public selects all of a type that is everybody's, so many steps from one object to another. Of a list in a list it asks for the
// names: all of it costs too much.
func (s shape) public(typ string, steps int) string { return s.publicIn(typ, steps, false) }

func (s shape) publicIn(typ string, steps int, listed bool) string {
	var b strings.Builder
	b.WriteString("{ __typename ")
	for _, field := range s.graph[typ].Fields {
		to := field.Type.Name()
		b.WriteString(field.Name + arguments(typ+"."+field.Name) + " ")
		switch {
		case !s.graph.object(to):
		case steps > 0 && (!listed || field.Type.Elem == nil):
			b.WriteString(s.publicIn(to, steps-1, listed || field.Type.Elem != nil))
		default:
			b.WriteString(s.brief(to))
		}
	}
	b.WriteString("} ")
	return b.String()
}
