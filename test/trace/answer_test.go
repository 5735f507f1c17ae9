package trace

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	ftv1 "github.com/99designs/gqlgen/graphql/handler/apollofederatedtracingv1/generated"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"nelke/server"
	"nelke/test/suite"
)

// asking sends a document as a gateway does that wants a trace.
func asking(t *testing.T, c *suite.Client, query string, vars suite.Vars, headers ...string) *suite.Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.Process.URL+"/graphql", strings.NewReader(string(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Apollo-Federation-Include-Trace", "ftv1")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := c.Send(r)
	require.NoError(t, err)
	return a
}

func decoded(t *testing.T, a *suite.Answer) *ftv1.Trace {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(a.Get("extensions.ftv1").String())
	require.NoError(t, err)
	trace := &ftv1.Trace{}
	require.NoError(t, proto.Unmarshal(data, trace))
	require.NotNil(t, trace.Root, a.Raw)
	require.Positive(t, trace.DurationNs)
	require.EqualValues(t, trace.DurationNs, trace.EndTime.AsTime().Sub(trace.StartTime.AsTime()))
	return trace
}

// at walks down by names and indexes.
func at(t *testing.T, node *ftv1.Trace_Node, path ...any) *ftv1.Trace_Node {
	t.Helper()
	for _, step := range path {
		var found *ftv1.Trace_Node
		for _, child := range node.Child {
			index, isItem := child.Id.(*ftv1.Trace_Node_Index)
			if name, ok := step.(string); ok && !isItem && child.GetResponseName() == name || !ok && isItem && index.Index == uint32(step.(int)) {
				require.Nil(t, found, "%v is there twice", step)
				found = child
			}
		}
		require.NotNil(t, found, "no %v of %v in %v", step, path, node)
		node = found
	}
	return node
}

func everybody(cfg *server.Config) { cfg.TraceAnswers = "all" }

func TestAGatewayGetsTheTraceItAsksFor(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), everybody)
	anyone := p.Anonymous()

	t.Run("with every field, its type and its time, items of lists once each, and aliases", func(t *testing.T) {
		const query = `{ towns: municipalities(first: 2) { nodes { name offices { id name counters { label } } services(first: 13) { nodes { slug fee { amount { cents } } } } } } }`
		for range 20 { // items are resolved side by side
			trace := decoded(t, asking(t, anyone, query, nil))
			root := at(t, trace.Root, "towns")
			require.Equal(t, "municipalities", root.OriginalFieldName)
			require.Equal(t, "Query", root.ParentType)
			require.Equal(t, "MunicipalityConnection", root.Type)
			require.Positive(t, root.EndTime)
			require.LessOrEqual(t, root.StartTime, root.EndTime)
			require.LessOrEqual(t, root.EndTime, trace.DurationNs)
			nodes := at(t, root, "nodes")
			require.Equal(t, "[Municipality!]!", nodes.Type)
			require.Empty(t, nodes.OriginalFieldName)
			name := at(t, nodes, 0, "name")
			require.Equal(t, "Municipality", name.ParentType)
			require.Equal(t, "String!", name.Type)
			require.GreaterOrEqual(t, name.StartTime, root.StartTime)
			at(t, nodes, 0, "offices", 0, "counters", 0, "label")
			services := at(t, nodes, 0, "services", "nodes")
			require.Len(t, services.Child, 13)
			for i := range services.Child {
				at(t, services, i, "slug")
				at(t, services, i, "fee")
			}
		}
	})

	t.Run("of entities, too", func(t *testing.T) {
		place := p.Place()
		a := asking(t, anyone, `query($r: [_Any!]!) { _entities(representations: $r) { ... on Office { name municipality { slug } } } }`,
			suite.Vars{"r": []suite.Vars{{"__typename": "Office", "id": place.Office}, {"__typename": "Office", "id": "office_01m82z2ts3fyza0dntbbd57fp5"}}})
		trace := decoded(t, a)
		require.Equal(t, "Office", at(t, trace.Root, "_entities", 0, "name").ParentType)
		at(t, trace.Root, "_entities", 0, "municipality", "slug")
	})

	t.Run("with the places of errors and their codes, and nothing of their texts", func(t *testing.T) {
		a := asking(t, anyone, `{ viewer { kind } viel: publicServices(first: 1001) { totalCount } }`, nil)
		require.NotEmpty(t, a.ErrorCode(), a.Raw)
		trace := decoded(t, a)
		failed := at(t, trace.Root, "viel")
		require.Len(t, failed.Error, 1)
		require.Equal(t, "<masked>", failed.Error[0].Message)
		require.Contains(t, failed.Error[0].Json, a.ErrorCode())
		require.NotContains(t, trace.String(), a.Get("errors.0.message").String())
		require.Empty(t, at(t, trace.Root, "viewer").Error)
	})

	t.Run("of mutations", func(t *testing.T) {
		holder := p.Case()
		place := p.Place()
		a := asking(t, holder, `mutation($in: HoldSlotInput!) { holdSlot(input: $in) { appointment { status } problems { code } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "office": place.Office, "start": anyone.Starts(place, 7)[0], "concerns": []suite.Vars{{"service": place.Service}},
		}})
		require.Equal(t, "Mutation", at(t, decoded(t, a).Root, "holdSlot").ParentType)
		at(t, decoded(t, a).Root, "holdSlot", "appointment", "status")
	})

	t.Run("and nobody who doesn't ask", func(t *testing.T) {
		require.False(t, anyone.Do(`{ viewer { kind } }`, nil).Get("extensions").Exists())
		require.False(t, asking(t, anyone, `{ viewer { kind } }`, nil, "Apollo-Federation-Include-Trace", "ftv2").Get("extensions").Exists())
	})

	t.Run("and it is never kept, nor served from what is kept", func(t *testing.T) {
		const query = `query Kept { publicServices(first: 4) { nodes { slug } } }`
		for range 4 {
			require.True(t, asking(t, anyone, query, nil).Get("extensions.ftv1").Exists())
			require.False(t, anyone.Do(query, nil).Get("extensions").Exists())
		}
		first := decoded(t, asking(t, anyone, query, nil))
		second := decoded(t, asking(t, anyone, query, nil))
		require.True(t, second.StartTime.AsTime().After(first.StartTime.AsTime()))
		require.Equal(t, "private, no-store", asking(t, anyone, query, nil).Header.Get("Cache-Control"))
	})
}

func TestWhoseWishForATraceIsGranted(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct{ stranger, proxy bool }{
		"proxies": {false, true}, "all": {true, true}, "none": {false, false},
	} {
		for proxy, granted := range map[bool]bool{false: want.stranger, true: want.proxy} {
			t.Run(policy, func(t *testing.T) {
				t.Parallel()
				p := suite.Serve(t, suite.SQLite(), func(cfg *server.Config) {
					cfg.TraceAnswers = policy
					if proxy {
						cfg.Proxies = []string{"127.0.0.0/8"}
					}
				})
				const query = `{ publicServices(first: 5) { nodes { slug } } }`
				for range 3 {
					require.Equal(t, granted, asking(t, p.Anonymous(), query, nil).Get("extensions.ftv1").Exists())
				}
				if !granted {
					require.Contains(t, metrics(t, p), "nelke_answers_hits_total 1", "whose wish isn't granted gets what is kept")
				}
			})
		}
	}
	require.Equal(t, "proxies", server.Defaults().TraceAnswers)
}
