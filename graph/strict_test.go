package graph_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph"
)

// asked is what the graph says of a document before it executes anything of it.
func asked(t *testing.T, g *graph.Graph, document, variables string) (*graphql.OperationContext, *gqlerror.Error) {
	t.Helper()
	params := &graphql.RawParams{Query: document}
	if variables != "" {
		decoder := json.NewDecoder(strings.NewReader(variables))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&params.Variables))
	}
	op, errs := g.CreateOperationContext(graphql.StartOperationTrace(t.Context()), params)
	if len(errs) == 0 {
		return op, nil
	}
	require.Equal(t, "GRAPHQL_VALIDATION_FAILED", errs[0].Extensions["code"], "%s %s: %v", document, variables, errs)
	return op, errs[0]
}

func newGraph() *graph.Graph {
	return graph.New(graph.Options{Documents: graphql.NoCache[string]{}, Log: slog.New(slog.DiscardHandler), Clock: time.Now, Introspection: true})
}

const (
	key    = `"5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11"`
	find   = `query($f: PublicServiceFilter) { publicServices(filter: $f) { totalCount } }`
	town   = `query($k: MunicipalityKey!) { municipality(by: $k) { id } }`
	page   = `query($n: Int) { publicServices(first: $n) { totalCount } }`
	node   = `query($id: ID!) { node(id: $id) { id } }`
	free   = `query($in: AvailabilityInput!) { availability(input: $in) { asOf } }`
	hold   = `mutation($in: HoldSlotInput!) { holdSlot(input: $in) { problems { code } } }`
	save   = `mutation($in: SaveAnswersInput!) { saveAnswers(input: $in) { problems { code } } }`
	week   = `mutation($in: SetOpeningHoursInput!) { setOpeningHours(input: $in) { problems { code } } }`
	entity = `query($r: [_Any!]!) { _entities(representations: $r) { __typename } }`
)

// What the specification refuses is refused before anything is executed, by literals and by variables alike.
func TestInputsAreWhatTheirTypesSay(t *testing.T) {
	t.Parallel()
	g := newGraph()
	for _, c := range []struct{ document, variables, fault string }{
		// enum values by their exact names
		{find, `{"f": {"channel": "ONLINE"}}`, ""},
		{find, `{"f": {"channel": "online"}}`, "$f.channel: is none of the values of ServiceChannel."},
		{find, `{"f": {"channel": 1}}`, "$f.channel: is none of the values of ServiceChannel."},
		{`query($t: [ChangeType!]) { changes(types: $t) { cursor } }`, `{"t": ["OFFICE", "office"]}`, "$t.1: is none of the values of ChangeType."},
		{`query($t: [ChangeType!]) { changes(types: $t) { cursor } }`, `{"t": "OFFICE"}`, ""},
		{week, `{"in": {"idempotencyKey": ` + key + `, "office": "o", "validFrom": "2027-01-01", "hours": [{"weekday": "monday", "from": "08:00", "to": "09:00"}]}}`, "$in.hours.0.weekday: is none of the values of Weekday."},
		// exactly one field
		{town, `{"k": {"slug": "blomberg"}}`, ""},
		{town, `{"k": {}}`, "$k: exactly one field of MunicipalityKey must be given, and not as null."},
		{town, `{"k": {"slug": "blomberg", "ars": "0"}}`, "$k: exactly one field of MunicipalityKey must be given, and not as null."},
		{town, `{"k": {"slug": "blomberg", "id": null}}`, "$k: exactly one field of MunicipalityKey must be given, and not as null."},
		{town, `{"k": {"slug": null}}`, "$k: exactly one field of MunicipalityKey must be given, and not as null."},
		{`query($s: String!) { municipality(by: {slug: $s}) { id } }`, `{"s": "blomberg"}`, ""},
		// built-in scalars
		{page, `{"n": 5}`, ""},
		{page, `{"n": 5.0}`, ""},
		{page, `{"n": 50e-1}`, ""},
		{page, `{"n": null}`, ""},
		{page, `{}`, ""},
		{page, `{"n": "5"}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{page, `{"n": 5.5}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{page, `{"n": 2147483648}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{page, `{"n": 99999999999999999999}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{page, `{"n": true}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{page, `{"n": []}`, "$n: must be a whole number from -2147483648 to 2147483647."},
		{`{ publicServices(first: 2147483648) { totalCount } }`, "", "first: must be a whole number from -2147483648 to 2147483647."},
		{`{ publicServices(first: {}) { totalCount } }`, "", "first: must be a whole number from -2147483648 to 2147483647."},
		{`{ publicServices(after: {}) { totalCount } }`, "", "after: must be a string."},
		{`{ __typename @skip(if: {}) }`, "", "if: must be true or false."},
		{free, `{"in": {"office": "o", "concerns": [], "days": 7.0, "explain": 1}}`, "$in.explain: must be true or false."},
		{find, `{"f": {"text": 42}}`, "$f.text: must be a string."},
		{node, `{"id": "office_1"}`, ""},
		{node, `{"id": 5}`, ""},
		{node, `{"id": 5.0}`, ""},
		{node, `{"id": 99999999999999999999}`, ""},
		{node, `{"id": 5.5}`, "$id: must be a string or a whole number."},
		{node, `{"id": true}`, "$id: must be a string or a whole number."},
		{node, `{"id": null}`, "$id: must not be null."},
		{node, `{}`, "$id: must be given."},
		// null where none may be
		{`query($n: Int = 28) { municipality(by: {slug: "a"}) { offices { openingHours(from: "2027-01-01", days: $n) { date } } } }`, `{"n": null}`, "$n: must not be null."},
		{`query($n: Int = 28) { municipality(by: {slug: "a"}) { offices { openingHours(from: "2027-01-01", days: $n) { date } } } }`, ``, ""},
		{`query($e: Boolean) { availability(input: {office: "o", concerns: [], explain: $e}) { asOf } }`, `{"e": null}`, "$e: must not be null."},
		{`query($e: Boolean) { availability(input: {office: "o", concerns: [], explain: $e}) { asOf } }`, ``, ""},
		{`query($e: Boolean = true) { __typename @skip(if: $e) }`, `{"e": null}`, "$e: must not be null."},
		{find, `{"f": {"kinds": ["a", null]}}`, "$f.kinds.1: must not be null."},
		{free, `{"in": {"office": "o", "concerns": [null]}}`, "$in.concerns.0: must not be null."},
		{`query($f: Date! = "soon") { municipality(by: {slug: "a"}) { offices { openingHours(from: $f, days: 1) { date } } } }`, `{"f": "2026-11-22"}`, "$f: not a date like 2026-11-22."},
		{`query($in: AvailabilityInput! = {office: "o", concerns: [], from: "soon"}) { availability(input: $in) { asOf } }`, ``, "$in.from: not a date like 2026-11-22."},
		// objects
		{free, `{"in": {"office": "o"}}`, "$in.concerns: must be given."},
		{free, `{"in": {"office": "o", "concerns": {"service": "s"}}}`, ""},
		{free, `{"in": {"office": "o", "concerns": "s"}}`, "$in.concerns.0: must be an object with the fields of ConcernInput."},
		{free, `{"in": {"office": "o", "concerns": [], "__typename": "AvailabilityInput"}}`, "$in.__typename: is no field of AvailabilityInput."},
		{free, `{"in": {"office": "o", "concerns": [], "day": 1}}`, "$in.day: is no field of AvailabilityInput."},
		{free, `{"in": []}`, "$in: must be an object with the fields of AvailabilityInput."},
		// scalars of ours
		{free, `{"in": {"office": "o", "concerns": [], "from": "2026-02-30"}}`, "$in.from: not a date like 2026-11-22."},
		{free, `{"in": {"office": "o", "concerns": [], "from": " 2026-02-28\u00a0"}}`, ""},
		{free, `{"in": {"office": "o", "concerns": [], "from": 20260228}}`, "$in.from: must be a string."},
		{hold, `{"in": {"idempotencyKey": "x", "office": "o", "start": "2026-11-25T09:00:00+01:00", "concerns": []}}`, "$in.idempotencyKey: not a UUID like 5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11."},
		{hold, `{"in": {"idempotencyKey": ` + key + `, "office": "o", "start": "tomorrow", "concerns": []}}`, "$in.start: not an instant like 2026-11-23T09:00:00+01:00."},
		{`mutation($s: DateTime!) { holdSlot(input: {idempotencyKey: ` + key + `, office: "o", start: $s, concerns: []}) { problems { code } } }`, `{"s": "noon"}`, "$s: not an instant like 2026-11-23T09:00:00+01:00."},
		{`mutation { holdSlot(input: {idempotencyKey: "x", office: "o", start: "2026-11-25T09:00:00+01:00", concerns: []}) { problems { code } } }`, "", "input.idempotencyKey: not a UUID like 5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11."},
		{save, `{"in": {"idempotencyKey": ` + key + `, "application": "a", "revision": 0, "answers": null}}`, "$in.answers: must not be null."},
		{save, `{"in": {"idempotencyKey": ` + key + `, "application": "a", "revision": 0, "answers": {"a": [1, 2.50, "x", null]}}}`, ""},
		{`mutation { setContact(input: {idempotencyKey: ` + key + `, givenName: "E", familyName: "M", email: erika}) { problems { code } } }`, "", "input.email: must be a string."},
		// entities
		{entity, `{"r": {"__typename": "Case", "id": "case_1"}}`, ""},
		{entity, `{"r": {"__typename": "Case"}}`, "A representation of Case needs one of its keys."},
		{entity, `{"r": 5}`, "A representation is an object with __typename and a key."},
		{`{ _entities(representations: {__typename: "Case"}) { __typename } }`, "", "A representation of Case needs one of its keys."},
		// one field of a subscription
		{`subscription { application(id: "x") { id } }`, "", ""},
		{`subscription { ...on Subscription { application(id: "x") { id } } application(id: "x") { reference } }`, "", ""},
		{`subscription { a: application(id: "x") { id } b: application(id: "x") { id } }`, "", "A subscription selects exactly one field; this one selects 2."},
		{`subscription { application(id: "x") @skip(if: true) { id } }`, "", "A subscription selects exactly one field; this one selects 0."},
		{`subscription($s: Boolean!) { application(id: "x") @skip(if: $s) { id } }`, `{"s": true}`, "A subscription selects exactly one field; this one selects 0."},
		{`subscription($s: Boolean!) { application(id: "x") @skip(if: $s) { id } }`, `{"s": false}`, ""},
	} {
		_, err := asked(t, g, c.document, c.variables)
		if c.fault == "" {
			assert.Nil(t, err, "%s %s", c.document, c.variables)
			continue
		}
		if !assert.NotNil(t, err, "%s %s", c.document, c.variables) {
			continue
		}
		assert.Equal(t, c.fault, err.Message, "%s %s", c.document, c.variables)
	}
}

// A fault is found by people from the variable on, and by programs from the root of the arguments on.
func TestAFaultSaysWhereItIs(t *testing.T) {
	t.Parallel()
	g := newGraph()
	_, err := asked(t, g, `mutation($b: BookAppointmentInput!) {
		bookAppointment(input: $b) { problems { code } } }`, `{"b": {"idempotencyKey": `+key+`, "appointment": "a", "person": {"givenName": "E", "familyName": 1}}}`)
	require.Equal(t, "$b.person.familyName: must be a string.", err.Message)
	require.Equal(t, []string{"input", "person", "familyName"}, err.Extensions["path"])
	require.Equal(t, []gqlerror.Location{{Line: 2, Column: 26}}, err.Locations)
	_, err = asked(t, g, `query($c: [ConcernInput!]!, $p: PersonInput) { availability(input: {office: "o", concerns: $c}) { asOf } }`, `{"c": [{"service": "s", "quantity": "2"}]}`)
	require.Equal(t, `Variable "$p" is never used.`, err.Message)
	_, err = asked(t, g, `query($c: [ConcernInput!]!) { availability(input: {office: "o", concerns: $c}) { asOf } }`, `{"c": [{"service": "s", "quantity": "2"}]}`)
	require.Equal(t, "$c.0.quantity: must be a whole number from -2147483648 to 2147483647.", err.Message)
	require.Equal(t, []string{"input", "concerns", "0", "quantity"}, err.Extensions["path"])
}

// However a value was written, what is executed reads one form of it.
func TestVariablesAreCoerced(t *testing.T) {
	t.Parallel()
	g := newGraph()
	op, err := asked(t, g, free, `{"in": {"office": 7, "concerns": {"service": "s", "quantity": 2.0}, "days": 7e0}}`)
	require.Nil(t, err)
	require.Equal(t, map[string]any{"in": map[string]any{
		"office": "7", "days": int64(7), "concerns": []any{map[string]any{"service": "s", "quantity": int64(2)}},
	}}, op.Variables)
	op, err = asked(t, g, entity, `{"r": {"__typename": "Case", "id": "case_1"}}`)
	require.Nil(t, err)
	require.Equal(t, map[string]any{"r": []any{map[string]any{"__typename": "Case", "id": "case_1"}}}, op.Variables)
}
