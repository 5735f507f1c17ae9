// Package kept_test holds whole public answers to their promise, for every root field of Query: they come from memory, say
// how long they may be kept elsewhere, and are new after each write that concerns them, at every process.
package kept_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/graph"
	"nelke/test/suite"
)

// row says of a root field by what its answers are kept.
type row struct {
	field    string
	never    bool     // not kept: somebody's own, or nothing to gain
	document string   // in which ids stand as OFFICE, SERVICE, COUNTER, FORM, NOTICE, CASE
	until    []string // writes after which it must be another answer; none: nothing changes it
}

const (
	services = `{ totalCount nodes { stateMessage fee { amount { cents } } } facets { free withFee } }`
	slots    = `{ office { id } starts reason }`
	concerns = `concerns: [{service: "CONCERN"}]`
)

// table has a row for each root field of Query at least. Who adds a field says here what it is kept by.
func table() []row {
	return []row{
		{field: "__typename", never: true, document: `{ __typename }`},
		{field: "__schema", document: `{ __schema { queryType { name } } }`},
		{field: "__type", document: `{ __type(name: "Query") { fields { name } } }`},
		{field: "_service", document: `{ _service { sdl } }`},

		{field: "municipality", document: `{ municipality(by: {slug: "blomberg"}) { name paymentOptions { method validFrom } } }`, until: []string{"setPaymentMethods"}},
		{field: "municipality", document: `{ municipality(by: {ars: "057660016016"}) { offices { closures { from } openingHours(from: "2026-11-23", days: 1) { hours { to } } } } }`, until: []string{"addClosure", "setOpeningHours"}},
		{field: "municipality", document: `{ municipality(by: {slug: "blomberg"}) { banner { text } } }`, until: []string{"setBanner"}},
		{field: "municipality", document: `{ municipality(by: {slug: "blomberg"}) { frequent { slug } occasions { name services { slug stateMessage } } pages { title } page(kind: IMPRINT) { text } } }`, until: []string{"setServiceState"}},
		{field: "municipality", document: `{ municipality(by: {slug: "blomberg"}) { services(first: 100) ` + services + ` } }`, until: []string{"setServiceState", "setFee"}},
		{field: "municipalities", document: `{ municipalities(first: 100) { totalCount nodes { paymentOptions { validFrom } } } }`, until: []string{"setPaymentMethods", "import"}},
		{field: "publicService", document: `{ publicService(by: {id: "SERVICE"}) { name stateMessage } }`, until: []string{"setServiceState"}},
		{field: "publicService", document: `{ publicService(by: {slug: {municipality: "blomberg", service: "meldebescheinigung"}}) { open stateMessage } }`, until: []string{"setServiceState"}},
		{field: "publicServices", document: `{ publicServices(first: 100) ` + services + ` }`, until: []string{"setServiceState", "setFee", "import"}},
		{field: "publicServices", document: `{ publicServices(first: 100, filter: {text: "Meldebescheinigung"}) ` + services + ` }`, until: []string{"setServiceState", "import"}},
		{field: "availability", document: `{ availability(input: {office: "OFFICE", ` + concerns + `, days: 60}) { days { date reason starts } } }`, until: []string{"holdSlot", "addClosure", "setOpeningHours"}},
		{field: "nextSlots", document: `{ nextSlots(input: {where: {office: "OFFICE"}, ` + concerns + `, count: 3}) ` + slots + ` }`, until: []string{"holdSlot"}},
		{field: "nextSlots", document: `{ nextSlots(input: {where: {municipality: {slug: "blomberg"}}, kind: {slug: "identity-card"}, count: 3}) ` + slots + ` }`, until: []string{"holdSlot"}},
		{field: "nextSlots", document: `{ nextSlots(input: {where: {region: "05766"}, kind: {slug: "identity-card"}, count: 3}) ` + slots + ` }`, until: []string{"holdSlot", "import"}},
		{field: "changes", document: `{ changes(first: 1000) { cursor changes { id } } }`, until: []string{"setFee", "setServiceState", "addClosure", "import"}},

		{field: "feedback", never: true, document: `{ feedback(municipality: {slug: "blomberg"}) { nodes { message } } }`},
		{field: "serviceQuality", document: `{ serviceQuality(municipality: {slug: "blomberg"}, from: "2026-10-01", to: "2026-11-30") { month begun suppressed service { stateMessage } } }`, until: []string{"setServiceState"}},

		{field: "node", document: `{ node(id: "MUNICIPALITY") { ... on Municipality { paymentOptions { validFrom } } } }`, until: []string{"setPaymentMethods"}},
		{field: "node", document: `{ node(id: "SERVICE") { ... on PublicService { stateMessage } } }`, until: []string{"setServiceState"}},
		{field: "node", document: `{ node(id: "OFFICE") { ... on Office { closures { from } availability(` + concerns + `, days: 60) { days { starts } } } } }`, until: []string{"addClosure", "holdSlot"}},
		{field: "node", document: `{ node(id: "COUNTER") { ... on Counter { services { stateMessage fee { amount { cents } } } } } }`, until: []string{"setServiceState"}},
		{field: "node", document: `{ node(id: "FORM") { ... on Form { version schema } } }`},
		{field: "node", document: `{ node(id: "NOTICE") { ... on PrivacyNotice { version sha256 } } }`},
		{field: "node", never: true, document: `{ node(id: "CASE") { __typename } }`},
		{field: "node", never: true, document: `{ node(id: "nothing") { __typename } }`},
		{field: "_entities", document: `{ _entities(representations: [{__typename: "Municipality", ars: "057660016016"}, {__typename: "PublicService", id: "SERVICE"}]) {
			... on Municipality { paymentOptions { validFrom } } ... on PublicService { stateMessage } } }`, until: []string{"setPaymentMethods", "setServiceState"}},
		{field: "_entities", document: `{ _entities(representations: [{__typename: "PublicService", municipality: {ars: "057660016016"}, slug: "meldebescheinigung"}]) { ... on PublicService { stateMessage } } }`, until: []string{"setServiceState"}},
		{field: "_entities", document: `{ _entities(representations: [{__typename: "Office", id: "OFFICE"}]) { ... on Office { closures { from } } } }`, until: []string{"addClosure"}},
		{field: "_entities", never: true, document: `{ _entities(representations: [{__typename: "Municipality", ars: "057660016016"}, {__typename: "Case", id: "CASE"}]) { __typename } }`},

		{field: "viewer", never: true, document: `{ viewer { kind } }`},
		{field: "application", never: true, document: `{ application(id: "application_01m7k0000000000000000000aa") { id } }`},
		{field: "appointment", never: true, document: `{ appointment(id: "appointment_01m7k0000000000000000000aa") { id } }`},
		{field: "payment", never: true, document: `{ payment(id: "payment_01m7k0000000000000000000aa") { id } }`},
		{field: "appointmentBoard", never: true, document: `{ appointmentBoard(office: "OFFICE", date: "2026-11-23") { waiting } }`},
		{field: "partner", never: true, document: `{ partner(id: "partner_01m7k0000000000000000000aa") { id } }`},
		{field: "partners", never: true, document: `{ partners(municipality: {slug: "blomberg"}) { nodes { id } } }`},
		{field: "appointments", never: true, document: `{ appointments(municipality: {slug: "blomberg"}, day: "2026-11-23") { nodes { id } } }`},
		{field: "applications", never: true, document: `{ applications(municipality: {slug: "blomberg"}, day: "2026-11-23") { nodes { id } } }`},
		{field: "workQueue", never: true, document: `{ workQueue(input: {municipality: {slug: "blomberg"}}) { totalCount } }`},
	}
}

func (w *world) document(r row) string {
	return strings.NewReplacer("OFFICE", w.place.Office, "SERVICE", w.service, "CONCERN", w.place.Service, "COUNTER", w.counter, "FORM", w.form, "NOTICE", w.place.Notice,
		"MUNICIPALITY", w.municipality(), "CASE", w.person.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()).Replace(r.document)
}

func TestEveryRootFieldSaysByWhatItIsKept(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, r := range table() {
		said[r.field] = true
		require.Contains(t, r.document, r.field, "a row asks for its field")
	}
	root := graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}).Schema().Query
	fields := []string{"__typename"}
	for _, f := range root.Fields {
		fields = append(fields, f.Name)
		require.True(t, said[f.Name], "nobody has said by what answers of Query.%s are kept: add a row", f.Name)
	}
	for name := range said {
		require.Contains(t, fields, name, "there is no such field")
	}
}

func TestPublicAnswersAreKeptUntilTheyAreNotTrue(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for _, r := range table() {
			if r.never {
				continue
			}
			document := w.document(r)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				t.Run(r.field+" by "+method, func(t *testing.T) {
					last := ""
					for _, p := range w.replicas {
						last = keeps(t, p, method, document)
					}
					for _, write := range r.until {
						was := ask(t, w.replicas[0], method, document)
						require.Equal(t, last, was.body, "nothing has changed yet")
						w.write(write)
						fresh := ask(t, w.replicas[0], method, document, "If-None-Match", was.header.Get("ETag"))
						require.Equal(t, http.StatusOK, fresh.status, "%s: where it was written it is new at once", write)
						require.NotEqual(t, last, fresh.body, "%s changes nothing here", write)
						for _, p := range w.replicas[1:] {
							require.Eventually(t, func() bool { return ask(t, p, method, document).body == fresh.body }, patience, pause, write)
						}
						last = fresh.body
						for _, p := range w.replicas {
							require.Equal(t, last, keeps(t, p, method, document))
						}
					}
				})
			}
		}
	})
}

// What a field is called in the answer, and whether what it is asked for comes as a variable, or the document as its hash,
// makes no difference.
func TestNamesVariablesAndPersistedDocumentsMakeNoDifference(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		p := w.replicas[0]
		const (
			node     = `query($id: ID!) { node(id: $id) { __typename } }`
			entities = `query($of: [_Any!]!) { _entities(representations: $of) { __typename } }`
		)
		own := w.person.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()
		office := suite.Vars{"__typename": "Office", "id": w.place.Office}
		hashed := func(document string) map[string]any {
			sum := sha256.Sum256([]byte(document))
			return map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}
		}
		for _, document := range []string{node, entities} { // it is made known once, to all
			send(t, p, http.MethodPost, map[string]any{"query": document, "extensions": hashed(document), "variables": map[string]any{"id": own, "of": []any{}}})
		}
		for _, row := range []struct {
			name  string
			parts map[string]any
			kept  bool
		}{
			{"another name", map[string]any{"query": `{ viewer: municipality(by: {slug: "blomberg"}) { name } }`}, true},
			{"a public name", map[string]any{"query": `{ municipality: viewer { kind } }`}, false},
			{"in a fragment", map[string]any{"query": `{ ...all } fragment all on Query { municipality(by: {slug: "blomberg"}) { name } }`}, true},
			{"in a fragment beside a public field", map[string]any{"query": `{ municipality(by: {slug: "blomberg"}) { name } ...all } fragment all on Query { viewer { kind } }`}, false},
			{"a variable", map[string]any{"query": node, "variables": suite.Vars{"id": w.place.Office}}, true},
			{"a variable that names a person's", map[string]any{"query": node, "variables": suite.Vars{"id": own}}, false},
			{"representations", map[string]any{"query": entities, "variables": suite.Vars{"of": []any{office}}}, true},
			{"representations with a person's", map[string]any{"query": entities, "variables": suite.Vars{"of": []any{office, suite.Vars{"__typename": "Case", "id": own}}}}, false},
			{"a hash", map[string]any{"extensions": hashed(node), "variables": suite.Vars{"id": w.service}}, true},
			{"a hash with a person's", map[string]any{"extensions": hashed(node), "variables": suite.Vars{"id": own}}, false},
			{"a hash of representations", map[string]any{"extensions": hashed(entities), "variables": suite.Vars{"of": []any{office}}}, true},
			{"a hash that nobody knows", map[string]any{"extensions": hashed("{ nothing }")}, false},
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				before := hits(t, p)
				for range 3 {
					a := send(t, p, method, row.parts)
					require.Equal(t, row.kept && method == http.MethodGet, a.header.Get("ETag") != "", "%s by %s: %s", row.name, method, a.body)
				}
				after := 0
				if row.kept {
					after = 1
				}
				require.Equal(t, after, hits(t, p)-before, "%s by %s", row.name, method)
			}
		}
	})
}

// keeps asks until the answer comes from memory, which is the third time at the latest, looks at all that is said of it, and
// gives it.
func keeps(t *testing.T, p *suite.Process, method, document string) string {
	t.Helper()
	first := ask(t, p, method, document)
	require.Equal(t, http.StatusOK, first.status, first.body)
	require.NotContains(t, first.body, `"errors"`)
	ask(t, p, method, document)
	before := hits(t, p)
	third := ask(t, p, method, document)
	require.Equal(t, before+1, hits(t, p), "the third answer comes from memory: %s", document)
	require.Equal(t, first.body, third.body)
	for _, a := range []answer{first, third} {
		require.Contains(t, strings.Join(a.header.Values("Vary"), ", "), "Accept-Language, Authorization, Cookie")
		if method == http.MethodPost {
			require.Equal(t, "private, no-store", a.header.Get("Cache-Control"), "answers to POST are nobody else's to keep")
			require.Empty(t, a.header.Get("ETag"))
			continue
		}
		age := `^public, max-age=[0-2](, stale-if-error=600)?$` // free times don't outlive anything
		if strings.Contains(document, "__") && !strings.Contains(document, "__typename:") || strings.Contains(document, "_service") {
			age = `^public, max-age=60$` // the schema changes with the program alone
		}
		require.Regexp(t, age, a.header.Get("Cache-Control"))
		require.Regexp(t, `^"[\w-]{22}"$`, a.header.Get("ETag"))
		require.Equal(t, first.header.Get("ETag"), a.header.Get("ETag"))
		known := ask(t, p, method, document, "If-None-Match", a.header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, known.status)
		require.Empty(t, known.body)
		require.Equal(t, a.header.Get("ETag"), known.header.Get("ETag"))
		require.Regexp(t, age, known.header.Get("Cache-Control"))
	}
	return first.body
}

func TestWhatIsSomebodysOrFailedIsNeverKept(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		p := w.replicas[0]
		never := func(t *testing.T, method, document string, headers ...string) {
			t.Helper()
			before, kept := hits(t, p), fills(t, p)
			for range 4 {
				a := ask(t, p, method, document, headers...)
				require.Equal(t, "private, no-store", a.header.Get("Cache-Control"), document)
				require.Empty(t, a.header.Get("ETag"), document)
				require.NotEqual(t, http.StatusNotModified, ask(t, p, method, document, append([]string{"If-None-Match", "*"}, headers...)...).status)
			}
			require.Equal(t, before, hits(t, p), document)
			require.Equal(t, kept, fills(t, p), document)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, r := range table() {
				document := w.document(r)
				if r.never {
					never(t, method, document)
					never(t, method, `{ one: __typename `+document[1:])
					continue
				}
				for _, credentials := range w.credentials() {
					if !slices.Contains(credentials, "Cookie") {
						never(t, method, document, credentials...)
					}
				}
			}
			never(t, method, `{ municipality(by: {slug: "blomberg"}) { name } }`, w.credentials()["a cookie"]...)
			for _, failed := range []string{
				`{ publicServices(first: 1000) { totalCount } }`,
				`{ publicServices(first: 1000) { totalCount } municipality(by: {slug: "blomberg"}) { name } }`,
				`{ municipality(by: {slug: "blomberg"}) { name services(first: 1000) { totalCount } } }`,
				`{ availability(input: {office: "` + w.place.Office + `", concerns: [], days: 5}) { days { date } } }`,
				`{ changes(since: "nonsense") { cursor } }`,
				`{ nonsense }`,
				`{ `,
			} {
				never(t, method, failed)
			}
		}
	})
}
