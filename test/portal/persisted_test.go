package portal_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// persisted is what a client sends instead of a document: its hash.
func persisted(document string) suite.Vars {
	sum := sha256.Sum256([]byte(document))
	return suite.Vars{"persistedQuery": suite.Vars{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}
}

func TestADocumentIsSentOnceAndThenItsHash(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		post := func(p *suite.Process, request suite.Vars) *suite.Answer {
			body, err := json.Marshal(request)
			require.NoError(t, err)
			a, err := p.Anonymous().Post(body)
			require.NoError(t, err)
			return a
		}
		document := `query Town($slug: String!) { municipality(by: {slug: $slug}) { ars } }`
		hash := suite.Vars{"extensions": persisted(document), "variables": suite.Vars{"slug": "blomberg"}}
		town := `{"data":{"municipality":{"ars":"` + suite.ARS + `"}}}`

		require.Equal(t, "PERSISTED_QUERY_NOT_FOUND", post(p, hash).ErrorCode())
		require.Equal(t, "PersistedQueryNotFound", post(p, hash).Get("errors.0.message").String())
		whole := suite.Vars{"query": document, "extensions": hash["extensions"], "variables": hash["variables"]}
		require.JSONEq(t, town, post(p, whole).Raw)
		require.JSONEq(t, town, post(p, hash).Raw)

		forged := suite.Vars{"query": `{ viewer { kind } }`, "extensions": hash["extensions"]}
		require.Contains(t, post(p, forged).Get("errors.0.message").String(), "does not match")
		require.JSONEq(t, town, post(p, hash).Raw, "nobody else's document takes its place")
		require.Equal(t, "PERSISTED_QUERY_NOT_FOUND", post(p, suite.Vars{"extensions": suite.Vars{"persistedQuery": suite.Vars{"version": 1, "sha256Hash": "../../etc"}}}).ErrorCode())
		require.NotEmpty(t, post(p, suite.Vars{"extensions": suite.Vars{"persistedQuery": 5}}).Get("errors").Array())
		require.NotEmpty(t, post(p, suite.Vars{"extensions": suite.Vars{}}).Get("errors").Array(), "neither a document nor a hash")

		if b.Redis != nil {
			require.JSONEq(t, town, post(p.Beside(b), hash).Raw, "another process has it by Redis")
		}

		address := func(document string, variables any) string {
			extensions, err := json.Marshal(persisted(document))
			require.NoError(t, err)
			given, err := json.Marshal(variables)
			require.NoError(t, err)
			return p.URL + "/graphql?" + url.Values{"extensions": {string(extensions)}, "variables": {string(given)}}.Encode()
		}
		get := func(address, tag string) *suite.Answer {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			require.NoError(t, err)
			if tag != "" {
				r.Header.Set("If-None-Match", tag)
			}
			a, err := p.Anonymous().Send(r)
			require.NoError(t, err)
			return a
		}
		first := get(address(document, hash["variables"]), "")
		require.JSONEq(t, town, first.Raw)
		require.Regexp(t, `^public, max-age=[0-2](, stale-if-error=600)?$`, first.Header.Get("Cache-Control"))
		require.NotEmpty(t, first.Header.Get("ETag"))
		again := get(address(document, hash["variables"]), first.Header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Status)

		unknown := get(address(`{ viewer { kind name } }`, nil), "")
		require.Equal(t, "PERSISTED_QUERY_NOT_FOUND", unknown.ErrorCode())
		require.Equal(t, "private, no-store", unknown.Header.Get("Cache-Control"), "it may be known the next moment")

		write := `mutation($in: OpenCaseInput!) { openCase(input: $in) { problems { code } } }`
		input := suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "municipality": suite.Vars{"slug": "blomberg"}, "caseKey": "x"}}
		post(p, suite.Vars{"query": write, "variables": input, "extensions": persisted(write)})
		refused := get(address(write, input), "")
		require.Equal(t, http.StatusMethodNotAllowed, refused.Status, "by its hash a mutation is one all the same")
	})
}
