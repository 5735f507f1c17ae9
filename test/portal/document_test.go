package portal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/graph"
	"nelke/internal/identity"
	"nelke/test/suite"
)

// nested is a document of a depth: fields within fields.
func nested(depth int) string {
	inner := "slug"
	for i := depth - 1; i > 1; i-- {
		if i%2 == 0 {
			inner = "offices { " + inner + " }"
		} else {
			inner = "municipality { " + inner + " }"
		}
	}
	return `{ municipality(by: {slug: "blomberg"}) { ` + inner + ` } }`
}

func introspection(depth int) string {
	inner := "name"
	for range depth - 4 {
		inner = "ofType { " + inner + " }"
	}
	return `{ __type(name: "Query") { fields { type { ` + inner + ` } } } }`
}

func aliases(n int, field string) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, "a%d: %s ", i, field)
	}
	return fields.String()
}

func TestDocumentsThatAskForTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		wide := `{ municipalities(first: 100) { nodes { services(first: 100) { nodes { id name slug } } } } }`
		bomb := `{ ...f0 }`
		for i := range 40 {
			bomb += fmt.Sprintf(" fragment f%d on Query { ...f%d ...f%d }", i, i+1, i+1)
		}
		bomb += ` fragment f40 on Query { __typename }`
		rows := []struct{ name, document, code string }{
			{"depth 13", nested(13), "TOO_DEEP"},
			{"depth 100", nested(100), "TOO_DEEP"},
			{"depth 13 within fragments", `{ municipality(by: {slug: "blomberg"}) { ...a } } fragment a on Municipality { offices { municipality { offices { municipality { offices { ...b } } } } } } fragment b on Office { municipality { offices { municipality { offices { municipality { offices { slug } } } } } } }`, "TOO_DEEP"},
			{"introspection of depth 21", introspection(21), "TOO_DEEP"},
			{"201 aliases", `{ ` + aliases(201, "__typename") + `}`, "TOO_MANY_ALIASES"},
			{"201 aliases within a fragment", `{ ...f } fragment f on Query { ` + aliases(201, "__typename") + `}`, "TOO_MANY_ALIASES"},
			{"201 aliases by spreading a fragment of 67 in three places", `{ one: municipality(by: {slug: "a"}) { ...f } two: municipality(by: {slug: "b"}) { ...f } three: municipality(by: {slug: "c"}) { ...f } } fragment f on Municipality { ` + aliases(66, "__typename") + `}`, "TOO_MANY_ALIASES"},
			{"more than it may cost", wide, "TOO_COMPLEX"},
			{"the same by a variable", `query($n: Int = 100) { municipalities(first: $n) { nodes { services(first: $n) { nodes { id name slug } } } } }`, "TOO_COMPLEX"},
			{"a thousand applications with all that happened to each", `{ workQueue(input: {municipality: {slug: "blomberg"}}, first: 1000) { nodes { id status revision answers deadline submittedAt
				payments { id status amount { cents } received { cents } } events { at action by before after subject sequence } } } }`, "TOO_COMPLEX"},
			{"fragments that unfold into a million million fields", bomb, "TOO_COMPLEX"},
			{"a list of a thousand values, spread thirty times", `{ ` + strings.Repeat("...f ", 30) + `} fragment f on Query { publicServices(filter: {leikaKeys: [` + strings.Repeat(`"99", `, 1000) + `]}) { totalCount } }`, "TOO_COMPLEX"},
			{"fragments in a circle", `{ ...a } fragment a on Query { __typename ...b } fragment b on Query { ...a }`, "GRAPHQL_VALIDATION_FAILED"},
			{"a fragment that spreads itself", `{ ...a } fragment a on Query { ...a }`, "GRAPHQL_VALIDATION_FAILED"},
			{"21 mutations", `mutation { ` + strings.Repeat(`openCase(input: {idempotencyKey: "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", municipality: {slug: "blomberg"}, caseKey: ""}) { case { id } } `, 21) + `}`, "TOO_COMPLEX"},
			{"more words than anybody writes", `{ ` + strings.Repeat("a b c d e f g h i j ", 301) + `}`, "GRAPHQL_PARSE_FAILED"},
			{"one word over and over", `{ ` + strings.Repeat("__typename ", 401) + `}`, "TOO_COMPLEX"},
			{"a field that isn't", `{ passwords }`, "GRAPHQL_VALIDATION_FAILED"},
			{"two operations and no name", `query a { __typename } query b { __typename }`, "GRAPHQL_VALIDATION_FAILED"},
			{"no operation", `fragment a on Query { __typename }`, "GRAPHQL_VALIDATION_FAILED"},
			{"a variable that is missing", `query($id: ID!) { node(id: $id) { id } }`, "GRAPHQL_VALIDATION_FAILED"},
			{"half a document", `{ municipality(by: {slug: "blomberg"}) {`, "GRAPHQL_PARSE_FAILED"},
			{"nonsense", `\u0000 ; DROP TABLE cases`, "GRAPHQL_PARSE_FAILED"},
			{"a number as long as no number is", `{ _entities(representations: [{__typename: "Office", id: 99999999999999999999}]) { __typename } }`, "GRAPHQL_VALIDATION_FAILED"},
			{"62 days of an office, thirty times", `{ municipality(by: {slug: "blomberg"}) { offices { ` + aliases(30, `availability(concerns: [], days: 62) { days { slots { start end counters reason } } }`) + `} } }`, "TOO_COMPLEX"},
			{"a deep nest of lists", `{ publicServices(filter: {leikaKeys: ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}) { totalCount } }`, "GRAPHQL_PARSE_FAILED"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				start := time.Now()
				a := w.holder.Do(row.document, nil)
				require.Less(t, time.Since(start), 5*time.Second)
				a.Clean()
				require.Equal(t, row.code, a.ErrorCode(), first(a.Raw))
				require.Contains(t, []string{"", "null"}, a.Get("data").Raw, first(a.Raw))
			})
		}
		for name, document := range map[string]string{
			"depth 12":                  nested(12),
			"200 aliases":               `{ ` + aliases(200, "__typename") + `}`,
			"introspection of depth 20": introspection(20),
		} {
			t.Run(name+" is answered", func(t *testing.T) {
				a := w.anonymous.For(t).Do(document, nil)
				a.Clean()
				require.False(t, a.Get("errors").Exists(), first(a.Raw))
			})
		}
		t.Run("the standard introspection query is answered", func(t *testing.T) {
			a := w.anonymous.For(t).Do(standardIntrospection, nil)
			require.Greater(t, len(a.OK("__schema.types").Array()), 50)
		})
	})
}

func first(s string) string { return s[:min(len(s), 300)] }

// One field again and again is a document of quadratic work to the validator. The longest one that is let through is
// still answered soon, and what is longer is refused before it is validated.
func TestADocumentOfEqualFieldsCostsLittle(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	for n, code := range map[int]string{400: "", 401: "TOO_COMPLEX", 90_000: "TOO_COMPLEX"} {
		start := time.Now()
		a := p.Anonymous().Do(`{ `+strings.Repeat("__typename ", n)+`}`, nil)
		a.Clean()
		require.Equal(t, code, a.ErrorCode(), first(a.Raw))
		require.Less(t, time.Since(start), 30*time.Second, n)
	}
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		post := func(body string) func(*testing.T) *http.Request {
			return func(t *testing.T) *http.Request {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/graphql", bytes.NewReader([]byte(body)))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/json")
				return r
			}
		}
		get := func(query string) func(*testing.T) *http.Request {
			return func(t *testing.T) *http.Request {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/graphql?"+query, nil)
				require.NoError(t, err)
				return r
			}
		}
		write := mutation("cancelAppointment")
		input, err := json.Marshal(suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "appointment": w.booked}})
		require.NoError(t, err)
		rows := []struct {
			name    string
			request func(*testing.T) *http.Request
			status  int
		}{
			{"a body over 1 MiB", post(`{"query":"{ __typename }","extensions":{"x":"` + strings.Repeat("x", 1<<20) + `"}}`), http.StatusRequestEntityTooLarge},
			{"broken UTF-8", post("{\"query\":\"{ __typename \xff}\"}"), http.StatusBadRequest},
			{"broken UTF-8 in a variable", post("{\"query\":\"query($id: ID!) { node(id: $id) { id } }\",\"variables\":{\"id\":\"\xc3\x28\"}}"), http.StatusBadRequest},
			{"broken JSON", post(`{"query":"{ __typename }"`), http.StatusBadRequest},
			{"two values", post(`{"query":"{ __typename }"}{}`), http.StatusBadRequest},
			{"nothing", post(``), http.StatusBadRequest},
			{"null", post(`null`), http.StatusBadRequest},
			{"a list", post(`[{"query":"{ __typename }"}]`), http.StatusBadRequest},
			{"a string", post(`"{ __typename }"`), http.StatusBadRequest},
			{"an object without a query", post(`{}`), http.StatusBadRequest},
			{"a query that is a number", post(`{"query":42}`), http.StatusBadRequest},
			{"a query that is null", post(`{"query":null}`), http.StatusBadRequest},
			{"variables that are a list", post(`{"query":"{ __typename }","variables":[]}`), http.StatusBadRequest},
			{"variables that are a string", post(`{"query":"{ __typename }","variables":"{}"}`), http.StatusBadRequest},
			{"an operation name that is a list", post(`{"query":"{ __typename }","operationName":[]}`), http.StatusBadRequest},
			{"extensions that are a number", post(`{"query":"{ __typename }","extensions":1}`), http.StatusBadRequest},
			{"JSON a hundred thousand deep", post(`{"query":"{ __typename }","variables":{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`), http.StatusBadRequest},
			{"a form", func(t *testing.T) *http.Request {
				r := post(`query={__typename}`)(t)
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				return r
			}, http.StatusUnsupportedMediaType},
			{"text, as any page can send it", func(t *testing.T) *http.Request {
				r := post(`{"query":"{ __typename }"}`)(t)
				r.Header.Set("Content-Type", "text/plain")
				return r
			}, http.StatusUnsupportedMediaType},
			{"a mutation by GET", get("query=" + url.QueryEscape(write) + "&variables=" + url.QueryEscape(string(input))), http.StatusMethodNotAllowed},
			{"a mutation by GET chosen by its name", get("operationName=b&query=" + url.QueryEscape(`query a { __typename } `+strings.Replace(write, "mutation", "mutation b", 1)) + "&variables=" + url.QueryEscape(string(input))), http.StatusMethodNotAllowed},
			{"a subscription by GET", get("query=" + url.QueryEscape(`subscription { publicServices { totalCount } }`)), http.StatusMethodNotAllowed},
			{"GET without a query", get("query="), http.StatusBadRequest},
			{"GET with variables that are none", get("query=%7B__typename%7D&variables=%5B%5D"), http.StatusBadRequest},
			{"GET with a broken escape", get("query=%zz"), http.StatusBadRequest},
			{"GET with broken UTF-8", get("query=%ff"), http.StatusBadRequest},
			{"PUT", func(t *testing.T) *http.Request {
				r := post(`{"query":"{ __typename }"}`)(t)
				r.Method = http.MethodPut
				return r
			}, http.StatusMethodNotAllowed},
		}
		for _, row := range rows {
			for _, who := range []struct {
				name string
				as   *suite.Client
			}{{"anonymous", w.anonymous}, {"holder", w.holder}} { // the way of an anonymous request is another one
				t.Run(row.name+" "+who.name, func(t *testing.T) {
					w.unchanged(t, func() {
						a, err := who.as.For(t).Send(row.request(t))
						require.NoError(t, err)
						a.Clean()
						require.Equal(t, row.status, a.Status, first(a.Raw))
						require.NotEmpty(t, a.Get("errors.0.message").String(), first(a.Raw))
						require.False(t, a.Get("data").Exists(), first(a.Raw))
					})
				})
			}
		}
		t.Run("a body of just 1 MiB is read", func(t *testing.T) {
			head, tail := `{"query":"{ __typename }","extensions":{"x":"`, `"}}`
			a, err := w.anonymous.For(t).Post([]byte(head + strings.Repeat("x", 1<<20-len(head)-len(tail)) + tail))
			require.NoError(t, err)
			require.Equal(t, "Query", a.OK("__typename").String())
		})
		t.Run("numbers keep their digits", func(t *testing.T) {
			a, err := w.anonymous.For(t).Post([]byte(`{"query":"query($n: Int) { publicServices(first: $n) { totalCount } }","variables":{"n":1e400}}`))
			require.NoError(t, err)
			a.Clean()
			require.NotEmpty(t, a.ErrorCode(), a.Raw)
		})
	})
}

// A token that proves nothing is refused, and not taken for none.
func TestBrokenTokensAreRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		good := w.clerk.Token
		parts := strings.Split(good, ".")
		foreignIssuer := newWorldTokens(t)
		for name, token := range map[string]string{
			"42 characters":          caseKey()[:42],
			"44 characters":          caseKey() + "A",
			"a padded case key":      caseKey() + "=",
			"empty":                  " ",
			"two words":              "a b",
			"without a signature":    parts[0] + "." + parts[1] + ".",
			"with another signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
			"with another body":      parts[0] + "." + strings.Replace(parts[1], parts[1][:4], "AAAA", 1) + "." + parts[2],
			"signed by nobody":       "eyJhbGciOiJub25lIn0." + parts[1] + ".",
			"of four parts":          good + ".x",
			"of two parts":           parts[0] + "." + parts[1],
			"of dots":                "..",
			"of another issuer":      foreignIssuer,
			"very long":              strings.Repeat("x", 20_000),
			"with SQL":               "'--",
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				c := *w.anonymous
				c.Token = token
				w.unchanged(t, func() {
					a := c.Do(`{ viewer { kind } municipality(by: {slug: "blomberg"}) { id } }`, nil)
					a.Clean()
					require.Equal(t, http.StatusUnauthorized, a.Status)
					require.Equal(t, "UNAUTHENTICATED", a.ErrorCode(), a.Raw)
					require.NotEmpty(t, a.Header.Get("WWW-Authenticate"))
				})
			})
		}
		for name, header := range map[string]string{"another scheme": "Basic YTpi", "a scheme alone": "Bearer", "a token alone": good} {
			t.Run(name, func(t *testing.T) {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/graphql?query=%7B__typename%7D", nil)
				require.NoError(t, err)
				r.Header.Set("Authorization", header)
				a, err := w.anonymous.For(t).Send(r)
				require.NoError(t, err)
				require.Equal(t, http.StatusUnauthorized, a.Status, a.Raw)
			})
		}
		t.Run("one that has run out", func(t *testing.T) {
			w := w.in(t)
			require.Equal(t, "STAFF", w.clerk.Do(`{ viewer { kind } }`, nil).OK("viewer.kind").String())
			w.Clock.Advance(25 * time.Hour)
			a := w.clerk.Do(`{ viewer { kind } }`, nil)
			require.Equal(t, http.StatusUnauthorized, a.Status, a.Raw)
		})
	})
}

// newWorldTokens is a token of another installation.
func newWorldTokens(t *testing.T) string {
	t.Helper()
	issuer, err := identity.OpenDemoIssuer(t.TempDir()+"/key.json", "http://nelke.test/demo/oidc", "nelke", suite.Start)
	require.NoError(t, err)
	token, err := issuer.Mint("erna", "Erna", []string{"ADMIN@" + suite.ARS}, time.Hour)
	require.NoError(t, err)
	return token
}

// What gateways compose is a schema by itself.
func TestTheServiceSchemaIsWhole(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	sdl := p.Anonymous().Do(`{ _service { sdl } }`, nil).OK("_service.sdl").String()
	schema, err := graph.LoadSDL("sdl", sdl)
	require.NoError(t, err)
	require.NotNil(t, schema.Query.Fields.ForName("publicServices"))
	require.Nil(t, schema.Query.Fields.ForName("node"), "node breaks composition with any other Relay subgraph")
	require.Nil(t, schema.Query.Fields.ForName("_entities"))
	for name, keys := range map[string]int{"Municipality": 2, "Office": 2, "PublicService": 2, "Case": 1, "Appointment": 1} {
		require.Len(t, schema.Types[name].Directives.ForNames("key"), keys, name)
	}
}

const standardIntrospection = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
	types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL
	fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
	inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
	ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`
