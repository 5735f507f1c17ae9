package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/server"
)

const services = `{ publicServices(first: 50) { nodes { slug name } } }`

func TestRun(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *server.Config) { cfg.Origins = []string{"https://town.example"} })

	t.Run("the demo knows Blomberg's services, in both languages", func(t *testing.T) {
		t.Parallel()
		german := s.graph(services, nil)
		require.Equal(t, http.StatusOK, german.status)
		require.Contains(t, german.body, "Führungszeugnis")
		require.NotContains(t, german.body, `"errors"`)
		english := s.graph(services, nil, "Accept-Language", "fr;q=0.9, en;q=0.8, de;q=0.1")
		require.Equal(t, http.StatusOK, english.status)
		require.NotEqual(t, german.body, english.body)
	})

	t.Run("probes and version answer", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/livez", "").status)
		ready := s.do(http.MethodGet, "/readyz", "")
		require.Equal(t, http.StatusOK, ready.status)
		var got struct {
			Status string
			Parts  map[string]string
		}
		ready.read(t, &got)
		require.Equal(t, "ready", got.Status)
		require.Equal(t, map[string]string{
			"database": "reached", "redis": "absent", "issuer": "demo", "jobs": "on", "payments": "sandbox", "mail": "off", "webhooks": "on",
		}, got.Parts)
		version := s.do(http.MethodGet, "/version", "")
		require.Contains(t, version.body, "v-test")
	})

	t.Run("metrics answer to the machine itself only", func(t *testing.T) {
		t.Parallel()
		s.graph(`{ __typename }`, nil)
		here := s.do(http.MethodGet, "/metrics", "")
		require.Equal(t, http.StatusOK, here.status)
		for _, name := range []string{
			`nelke_build_info{version="v-test"} 1`, `nelke_http_requests_total{code="2xx"}`, `nelke_operation_duration_seconds_count{type="query"}`,
			`nelke_subscriptions_open 0`, `nelke_cache_fills_total`, `go_goroutines`, `go_sql_in_use_connections{db_name="write"}`,
		} {
			require.Contains(t, here.body, name)
		}
		require.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/metrics", "", "X-Forwarded-For", "192.0.2.1").status)
	})

	t.Run("the start page says what this is, in both languages", func(t *testing.T) {
		t.Parallel()
		require.Contains(t, s.do(http.MethodGet, "/", "").body, "Bürgerservice")
		require.Contains(t, s.do(http.MethodGet, "/en", "").body, "Citizen services")
		require.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/nothing", "").status)
	})

	t.Run("a sane request id comes back, another one is replaced", func(t *testing.T) {
		t.Parallel()
		for sent, same := range map[string]bool{"abc-123_x.Y": true, "": false, strings.Repeat("a", 41): false, "a b": false, "ä": false, "a{": false, identity.NewCaseKey(): false} {
			got := s.do(http.MethodGet, "/livez", "", "X-Request-Id", sent).header.Get("X-Request-Id")
			require.NotEmpty(t, got)
			require.Equal(t, same, got == sent, sent)
		}
	})

	t.Run("every answer tells browsers to be careful", func(t *testing.T) {
		t.Parallel()
		header := s.do(http.MethodGet, "/", "").header
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Empty(t, header.Get("Strict-Transport-Security"), "not by http")
	})

	t.Run("configured origins may call, others may not", func(t *testing.T) {
		t.Parallel()
		preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"}
		ours := s.do(http.MethodOptions, "/graphql", "", append(preflight, "Origin", "https://town.example")...)
		require.Equal(t, http.StatusNoContent, ours.status)
		require.Equal(t, "https://town.example", ours.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, ours.header.Get("Access-Control-Allow-Headers"), "authorization")
		require.Contains(t, ours.header.Get("Access-Control-Allow-Methods"), "POST")
		require.Contains(t, ours.header.Values("Vary"), "Origin")

		theirs := s.do(http.MethodOptions, "/graphql", "", append(preflight, "Origin", "https://evil.example")...)
		require.Empty(t, theirs.header.Get("Access-Control-Allow-Origin"))

		asked := s.graph(services, nil, "Origin", "https://town.example")
		require.Equal(t, "https://town.example", asked.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, asked.header.Get("Access-Control-Expose-Headers"), "ETag")
		require.Contains(t, asked.header.Get("Access-Control-Expose-Headers"), "Retry-After")
		require.Contains(t, s.graph(services, nil).header.Values("Vary"), "Origin", "or a proxy would hand it to another origin")
	})

	t.Run("a token that proves nothing is refused, a good one names its owner", func(t *testing.T) {
		t.Parallel()
		const viewer = `{ viewer { kind name roles { role } } }`
		good := s.token("CLERK@" + ars)
		for _, bad := range []string{"Bearer nonsense", "Basic eDp5", "Bearer " + good + "x", "Bearer " + good[:len(good)-8]} {
			got := s.graph(viewer, nil, "Authorization", bad)
			require.Equal(t, http.StatusUnauthorized, got.status, bad)
			require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
			require.NotEmpty(t, got.header.Get("WWW-Authenticate"))
			require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
			require.Equal(t, "UNAUTHENTICATED", firstCode(t, got))
		}
		got := s.graph(viewer, nil, "Authorization", "Bearer "+good)
		require.JSONEq(t, `{"data":{"viewer":{"kind":"STAFF","name":"Erika Muster","roles":[{"role":"CLERK"}]}}}`, got.body)
		require.Contains(t, s.graph(viewer, nil, "Authorization", "Bearer "+identity.NewCaseKey()).body, "CASE_HOLDER")
	})

	t.Run("what is no request is refused with a reason", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusRequestEntityTooLarge, s.graph(services, strings.Repeat("x", 1<<20)).status)
		require.Equal(t, http.StatusBadRequest, s.do(http.MethodPost, "/graphql", `{"query":`, "Content-Type", "application/json").status)
		require.Equal(t, http.StatusBadRequest, s.do(http.MethodPost, "/graphql", "{\"query\":\"\xff\"}", "Content-Type", "application/json").status)
		require.Equal(t, http.StatusUnsupportedMediaType, s.do(http.MethodPost, "/graphql", `{"query":"{__typename}"}`, "Content-Type", "text/plain").status)
		require.Equal(t, http.StatusNotAcceptable, s.graph(services, nil, "Accept", "image/png").status)
		require.Equal(t, http.StatusMethodNotAllowed, s.do(http.MethodDelete, "/graphql", "").status)
		mutation := "/graphql?query=" + url.QueryEscape(`mutation { openCase(input: {idempotencyKey: "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", municipality: {slug: "blomberg"}, caseKey: "x"}) { problems { code } } }`)
		require.Equal(t, http.StatusMethodNotAllowed, s.do(http.MethodGet, mutation, "").status)
	})
}

func firstCode(t *testing.T, a answer) string {
	t.Helper()
	var got struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	a.read(t, &got)
	require.NotEmpty(t, got.Errors, a.body)
	return got.Errors[0].Extensions.Code
}

func TestLogTellsNothingOfPersons(t *testing.T) {
	t.Parallel()
	s := start(t)
	key, token := identity.NewCaseKey(), s.token("CLERK@"+ars)
	opened := s.graph(`mutation Begin($i: OpenCaseInput!) { openCase(input: $i) { case { id } problems { code message } } }`, map[string]any{"i": map[string]any{
		"idempotencyKey": "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b12", "municipality": map[string]any{"slug": "blomberg"}, "caseKey": key,
	}})
	require.Contains(t, opened.body, `"case_`, opened.body)
	s.graph(`query Geheimwort { viewer { kind case { id } } }`, nil, "Authorization", "Bearer "+key)
	s.graph(`{ viewer { name } }`, map[string]any{"secret": "Variablenwert"}, "Authorization", "Bearer "+token)
	s.do(http.MethodGet, "/graphql?query="+url.QueryEscape(`{ publicServices(filter: {text: "Krankheit"}) { totalCount } }`), "")
	s.do(http.MethodGet, "/Erika/Muster", "")
	s.graph(`{ viewer `, nil)
	s.stop()

	log := s.log.String()
	require.Contains(t, log, `"operation":"mutation"`)
	require.Contains(t, log, `"name":"Begin"`)
	require.Contains(t, log, `"path":"/graphql","status":200`)
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		if strings.Contains(line, `"msg":"request"`) {
			require.Contains(t, line, `"request":"`)
		}
	}
	parts := strings.Split(token, ".")
	for _, secret := range []string{key, identity.HashCaseKey(key), parts[1], parts[2], "Variablenwert", "Krankheit", "Erika", "Muster", "viewer", "127.0.0.1\"", "blomberg\""} {
		require.NotContains(t, log, secret)
	}
}
