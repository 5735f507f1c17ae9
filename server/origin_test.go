package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/portal"
)

func TestOrigins(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://town.example": "https://town.example", "http://127.0.0.1:8080": "http://127.0.0.1:8080",
		"https://town.example:444/nelke": "https://town.example:444", "HTTPS://Town.Example:443/X?y#z": "https://town.example",
		"http://town.example:80": "http://town.example", "http://town.example:443": "http://town.example:443", "https://town.example:": "https://town.example",
		"http://[2001:DB8::1]:80/": "http://[2001:db8::1]", "http://[::1]:8080": "http://[::1]:8080",
		"null": "", "": "", "ftp://town.example": "", "https://": "", "https://:443": "", "https://a@town.example": "", "//town.example": "",
		"https://town.example\\@evil.example": "", "https://town.example%00": "",
	} {
		require.Equal(t, want, portal.Origin(address), address)
	}
	o := newOrigins([]string{"https://Portal.Example.org:443"}, "https://town.example/nelke")
	require.Equal(t, []string{"https://portal.example.org", "https://town.example"}, o.pages())
	require.Contains(t, newOrigins([]string{"*"}, "https://town.example").pages(), "*")

	for _, c := range []struct {
		host    string
		origins []string
		welcome bool
	}{
		{"town.example", nil, true}, // no browser
		{"town.example", []string{"https://town.example"}, true},
		{"town.example", []string{"http://town.example"}, false}, // another scheme is another page
		{"inside.example:8080", []string{"https://inside.example:8080"}, true},
		{"inside.example:8080", []string{"http://inside.example:8080"}, false},
		{"inside.example:8080", []string{"https://town.example"}, true},
		{"town.example", []string{"https://portal.example.org"}, true},
		{"town.example", []string{"http://portal.example.org"}, false},
		{"town.example", []string{"https://portal.example.org:444"}, false},
		{"town.example", []string{"https://portal.example.org.x"}, false},
		{"town.example", []string{"null"}, false},
		{"town.example", []string{""}, false},
		{"", []string{""}, false},
		{"town.example", []string{"https://town.example", "https://evil.example"}, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", nil)
		r.Host = c.host
		if c.origins != nil {
			r.Header["Origin"] = c.origins
		}
		require.Equal(t, c.welcome, o.connect(r), "%+v", c)
	}
}

func TestPreflights(t *testing.T) {
	t.Parallel()
	h := cors(newOrigins([]string{"https://portal.example.org"}, "https://town.example"))(http.NotFoundHandler())
	for asked, want := range map[string]string{
		"apollographql-client-name,baggage,content-type,graphql-client-name,sentry-trace,traceparent,x-apollo-operation-name": "",
		"authorization, content-type": "",
		"apollo-require-preflight":    "",
		"x y":                         usual,
		"a,,b":                        usual,
		"a\r\nSet-Cookie: b":          usual,
		"é":                           usual,
		strings.Repeat("a", 1001):     usual,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/graphql", nil)
		r.Header.Set("Origin", "https://portal.example.org")
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", asked)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusNoContent, w.Code)
		if want == "" {
			want = asked
		}
		require.Equal(t, want, w.Header().Get("Access-Control-Allow-Headers"))
		require.Equal(t, []string{"Origin", "Access-Control-Request-Headers"}, w.Header().Values("Vary"))
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
	}
}
