package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/page"
)

func write(t *testing.T, p *page.Page, status int, data any, languages ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for _, l := range languages {
		r.Header.Add("Accept-Language", l)
	}
	w := httptest.NewRecorder()
	p.Write(w, r, status, data)
	return w
}

func greeting(form bool) *page.Page {
	return page.New(`{{define "title"}}Gruß{{end}}{{define "content"}}Guten Tag, {{.}}!{{end}}`,
		`{{define "title"}}Greeting{{end}}{{define "content"}}Good day, {{.}}!{{end}}`, form)
}

func TestPageSpeaksTheLanguageThatIsLikedBest(t *testing.T) {
	t.Parallel()
	p := greeting(false)
	for accept, want := range map[string]string{
		"": "de", "de": "de", "en": "en", "en-GB,en;q=0.9,de;q=0.8": "en", "de;q=0.2,en;q=0.9": "en", "fr": "de", "fr,en;q=0.5": "en",
		"*": "de", "nonsense;;;": "de", strings.Repeat("fr,", 2000): "de",
	} {
		w := write(t, p, http.StatusOK, "Erika", accept)
		require.Contains(t, w.Body.String(), `<html lang="`+want+`">`, accept)
		require.Equal(t, "Accept-Language", w.Header().Get("Vary"))
	}
	require.Contains(t, write(t, p, http.StatusOK, "Erika", "fr", "en").Body.String(), "Good day, Erika!", "in two lines")
}

func TestPageEscapesWhatItIsFilledWith(t *testing.T) {
	t.Parallel()
	text := write(t, greeting(false), http.StatusTeapot, `<script>alert(1)</script>`)
	require.Equal(t, http.StatusTeapot, text.Code)
	require.NotContains(t, text.Body.String(), "<script")
}

func TestPolicyAllowsTheStyleAndNothingElse(t *testing.T) {
	t.Parallel()
	for form, want := range map[bool]string{false: "form-action 'none'", true: "form-action 'self' http: https:"} {
		w := write(t, greeting(form), http.StatusOK, "")
		_, rest, _ := strings.Cut(w.Body.String(), "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		hash := sha256.Sum256([]byte(style))
		require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+
			"'; frame-ancestors 'none'; base-uri 'none'; "+want, w.Header().Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "same-origin", w.Header().Get("Referrer-Policy"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.NotContains(t, w.Body.String(), "<script")
	}
}
