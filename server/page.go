package server

import (
	_ "embed"
	"net/http"
)

//go:embed page.de.html
var pageGerman []byte

//go:embed page.en.html
var pageEnglish []byte

// startPage answers a browser with a page that says what this is.
func startPage() http.HandlerFunc {
	match := newLanguages()
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Vary", "Accept-Language")
		text := pageGerman
		if match.of(r.Header) == "en" {
			text = pageEnglish
		}
		_, _ = w.Write(text) // a client that went away is no concern of ours
	}
}
