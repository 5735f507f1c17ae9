package server_test

import (
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/internal/testbed"
	"nelke/server"
)

// TestTheCatalogueOutlivesTheDatabase takes PostgreSQL away for longer than anything remembered is trusted.
func TestTheCatalogueOutlivesTheDatabase(t *testing.T) {
	t.Parallel()
	db := testbed.OwnPostgres(t)
	var ahead atomic.Int64
	s := start(t, func(cfg *server.Config) {
		cfg.DatabaseURL = db.URL()
		// Noon, so that no midnight comes between.
		begun := time.Now()
		noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		cfg.Options.Clock = func() time.Time { return noon.Add(time.Since(begun)).Add(time.Duration(ahead.Load())) }
	})
	key := identity.NewCaseKey()
	require.Contains(t, s.graph(openCase, openCaseInput(key)).body, `"case_`)
	const found = `{ publicServices(filter: {text: "Ausweis"}) { nodes { name } } }`
	get := "/graphql?query=" + url.QueryEscape(services)
	fresh := s.do(http.MethodGet, get, "")
	require.Equal(t, "public, max-age=2, stale-if-error=600", fresh.header.Get("Cache-Control"))
	require.Empty(t, fresh.header.Get("Age"))
	require.Equal(t, http.StatusOK, s.graph(found, nil).status)
	export := s.do(http.MethodGet, "/export/xzufi.xml", "")
	require.Equal(t, "public, max-age=60, stale-if-error=600", export.header.Get("Cache-Control"))
	town := s.graph(`{ municipality(by: {slug: "blomberg"}) { offices { id } } publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) { id } }`, nil)
	office, service := gjson.Get(town.body, "data.municipality.offices.0.id").String(), gjson.Get(town.body, "data.publicService.id").String()
	times := `{ availability(input: {office: "` + office + `", concerns: [{service: "` + service + `"}], days: 7}) { days { starts } } }`
	require.Equal(t, http.StatusOK, s.graph(times, nil).status)

	db.Kill()
	ahead.Store(int64(5 * time.Minute))
	stale := func(got answer) {
		t.Helper()
		require.Equal(t, http.StatusOK, got.status, got.body)
		age, err := strconv.Atoi(got.header.Get("Age"))
		require.NoError(t, err)
		require.InDelta(t, 300, age, 30)
		require.Contains(t, got.header.Get("Cache-Status"), "nelke; hit; ttl=-")
		require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
		require.Empty(t, got.header.Get("Retry-After"))
	}
	for _, got := range []answer{
		s.do(http.MethodGet, get, ""), s.graph(services, nil), s.graph(found, nil),
		s.graph(services, nil, "Authorization", "Bearer "+s.token("CLERK@"+ars)),
		s.graph(services, nil, "Accept", "application/graphql-response+json"),
	} {
		stale(got)
		require.Equal(t, strconv.FormatInt(gjson.Get(got.body, "extensions.stale.seconds").Int(), 10), got.header.Get("Age"))
		require.NotEmpty(t, gjson.Get(got.body, "extensions.stale.asOf").String())
		require.NotEmpty(t, gjson.Get(got.body, "data.publicServices.nodes").Array(), got.body)
		require.False(t, gjson.Get(got.body, "errors").Exists())
	}
	old := s.do(http.MethodGet, "/export/xzufi.xml", "")
	stale(old)
	require.Equal(t, export.body, old.body)

	for _, never := range []answer{
		s.graph(times, nil),
		s.graph(`{ viewer { case { id } } }`, nil, "Authorization", "Bearer "+key),
		s.graph(`{ nextSlots(input: {where: {office: "`+office+`"}, concerns: [{service: "`+service+`"}], count: 3}) { starts } }`, nil),
		s.graph(`{ workQueue(input: {municipality: {slug: "blomberg"}}) { nodes { id } } }`, nil, "Authorization", "Bearer "+s.token("CLERK@"+ars)),
		s.graph(openCase, openCaseInput(identity.NewCaseKey())),
	} {
		require.Equal(t, http.StatusServiceUnavailable, never.status, never.body)
		require.Equal(t, "UNAVAILABLE", firstCode(t, never))
	}
	ahead.Store(int64(11 * time.Minute))
	require.Equal(t, http.StatusServiceUnavailable, s.graph(services, nil).status, "not for longer")

	db.Restart()
	require.Eventually(t, func() bool {
		got := s.graph(services, nil)
		return got.status == http.StatusOK && got.header.Get("Age") == "" && !gjson.Get(got.body, "extensions").Exists()
	}, patience, 20*time.Millisecond)
}
