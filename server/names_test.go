package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Names of operations are words of whoever calls. The log carries those of documents that were executed, cut and bounded in
// number; the metrics carry none.
func TestStrangersCanNotFillTheLogWithNames(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, refused := range []string{
		`query Unwahr { nothing }`, `query Ungelesen { viewer `, `query Fehlt($v: Int!) { publicServices(first: $v) { totalCount } }`,
		`query Tief { __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } } } } } } } } } } } }`,
	} {
		require.NotContains(t, s.graph(refused, nil).body, `"data":{`, refused)
	}
	s.do(http.MethodPost, "/graphql", `{"query":"query A {__typename} query B {__typename}","operationName":"Unbekannt"}`, "Content-Type", "application/json")
	s.do(http.MethodPost, "/graphql", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}},"operationName":"Unbekannt"}`, "Content-Type", "application/json")
	s.graph(`query Kalender { viewer { kind } }`, nil)
	long := "L" + strings.Repeat("x", 200)
	s.graph(`query `+long+` { viewer { kind } }`, nil)
	const strangers = 300
	for n := range strangers {
		require.Equal(t, http.StatusOK, s.graph(fmt.Sprintf(`query Fremd%d { viewer { kind } }`, n), nil).status)
	}
	metrics := s.do(http.MethodGet, "/metrics", "").body
	s.stop()

	names, requests := map[string]int{}, 0
	for _, line := range strings.Split(strings.TrimSpace(s.log.String()), "\n") {
		var entry struct{ Msg, Path, Name string }
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry.Msg == "request" && entry.Path == "/graphql" {
			requests++
			names[entry.Name]++
			require.Less(t, len(line), 1000)
		}
	}
	require.Equal(t, 8+strangers, requests)
	require.Equal(t, 6, names[""], "what was refused has none")
	require.Equal(t, 1, names["Kalender"])
	require.Equal(t, 1, names[long[:64]])
	require.Len(t, names, 1+200+1, "none, so many, and other")
	require.Equal(t, strangers-198, names["other"])
	for _, word := range []string{"Unwahr", "Ungelesen", "Fehlt", "Tief", "Unbekannt"} {
		require.NotContains(t, s.log.String(), word)
	}
	for _, word := range []string{"Kalender", "Fremd", "Lxxx"} {
		require.NotContains(t, metrics, word)
	}
	require.Contains(t, metrics, "nelke_operation_duration_seconds")
}
