package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
)

// hits reads how many whole answers came from memory.
func (s *service) hits() int {
	s.t.Helper()
	found := regexp.MustCompile(`(?m)^nelke_answers_hits_total (\d+)`).FindStringSubmatch(s.do(http.MethodGet, "/metrics", "").body)
	require.Len(s.t, found, 2)
	n, err := strconv.Atoi(found[1])
	require.NoError(s.t, err)
	return n
}

const stateOf = `{ publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { id open stateMessage } }`

func TestKeptAnswers(t *testing.T) {
	t.Parallel()

	t.Run("the third one comes from memory, until what it tells of changes", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		first := s.graph(stateOf, nil)
		require.Equal(t, first.body, s.graph(stateOf, nil).body)
		require.Zero(t, s.hits(), "what is asked once isn't kept")
		third := s.graph(stateOf, nil)
		require.Equal(t, first.body, third.body)
		require.Equal(t, first.header.Get("Content-Type"), third.header.Get("Content-Type"))
		require.Equal(t, first.header.Values("Vary"), third.header.Values("Vary"))
		require.Equal(t, "private, no-store", third.header.Get("Cache-Control"), "answers to POST are ours alone to keep")
		require.Equal(t, 1, s.hits())

		id := regexp.MustCompile(`"(service_[0-9a-z]+)"`).FindStringSubmatch(first.body)
		require.Len(t, id, 2)
		set := s.graph(`mutation($i: SetServiceStateInput!) { setServiceState(input: $i) { problems { code message } } }`, map[string]any{"i": map[string]any{
			"idempotencyKey": "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b13", "service": id[1], "open": false, "message": map[string]any{"de": "Geschlossen.", "en": "Closed."},
		}}, "Authorization", "Bearer "+s.token("ADMIN@"+ars))
		require.JSONEq(t, `{"data":{"setServiceState":{"problems":[]}}}`, set.body)
		require.Contains(t, s.graph(stateOf, nil).body, "Geschlossen.")
		require.Equal(t, 1, s.hits())
	})

	t.Run("another language or media type is another answer", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		for range 3 {
			require.Contains(t, s.graph(services, nil).body, "Führungszeugnis")
		}
		english := s.graph(services, nil, "Accept-Language", "en")
		require.Equal(t, 1, s.hits())
		require.NotContains(t, english.body, "Führungszeugnis")
		other := s.graph(services, nil, "Accept", "application/graphql-response+json")
		require.Equal(t, 1, s.hits())
		require.Equal(t, "application/graphql-response+json; charset=utf-8", other.header.Get("Content-Type"))
	})

	t.Run("never with credentials, for what is somebody's own, or for what failed", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		for range 4 {
			for _, got := range []answer{
				s.graph(services, nil, "Authorization", "Bearer "+identity.NewCaseKey()),
				s.graph(services, nil, "Cookie", "a=b"),
				s.graph(`{ viewer { kind } }`, nil),
				s.graph(`{ viewer { kind } publicServices { totalCount } }`, nil),
				s.graph(`{ publicServices(first: 1000) { totalCount } }`, nil),
				s.graph(`{ nonsense }`, nil),
			} {
				require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
				require.Empty(t, got.header.Get("ETag"))
			}
		}
		require.Zero(t, s.hits())
	})

	t.Run("by GET browsers may keep it for a moment, and ask whether it changed", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		path := "/graphql?query=" + url.QueryEscape(stateOf)
		tag := ""
		for i := range 4 {
			got := s.do(http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, got.status)
			require.Regexp(t, `^public, max-age=[0-2], stale-if-error=600$`, got.header.Get("Cache-Control"))
			require.Regexp(t, `^"[\w-]{22}"$`, got.header.Get("ETag"))
			require.Contains(t, fmt.Sprint(got.header.Values("Vary")), "Accept-Language")
			require.True(t, tag == "" || tag == got.header.Get("ETag"))
			tag = got.header.Get("ETag")

			known := s.do(http.MethodGet, path, "", "If-None-Match", `"other", W/`+tag)
			require.Equal(t, http.StatusNotModified, known.status, "round %d", i)
			require.Empty(t, known.body)
			require.Equal(t, tag, known.header.Get("ETag"))
			require.Equal(t, http.StatusOK, s.do(http.MethodGet, path, "", "If-None-Match", `"other"`).status)
		}
		require.Positive(t, s.hits())
		other := s.do(http.MethodGet, path, "", "Accept", "application/graphql-response+json")
		require.NotEqual(t, tag, other.header.Get("ETag"), "strong: another media type isn't the same")
	})
}
