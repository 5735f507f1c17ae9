// Package page makes the pages to which people come by browser on their way through a payment, in German and English, in one
// frame, without scripts, and with headers that allow nothing else. The start page is server's own.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"golang.org/x/text/language"
)

//go:embed frame.html
var frame string

//go:embed style.css
var style string

// Page is one page in both languages.
type Page struct {
	match  language.Matcher
	texts  []*template.Template // in the order of tags
	policy string
}

// framed is what the frame is filled with.
type framed struct {
	Language string
	Style    template.CSS
	Data     any
}

func tags() []language.Tag { return []language.Tag{language.German, language.English} }

// New makes a page of two texts, each of which defines the templates "title" and "content". A page with a form sends it
// to its own address. New panics where a text is no template: texts are part of the program.
func New(german, english string, form bool) *Page {
	p := &Page{match: language.NewMatcher(tags())}
	for _, text := range []string{german, english} {
		p.texts = append(p.texts, template.Must(template.Must(template.New("frame").Parse(frame)).Parse(text)))
	}
	hash := sha256.Sum256([]byte(style))
	forms := "'none'"
	if form {
		// Browsers hold what answers a form against this too, and it may send the person on, to a page anywhere. The form
		// itself has no address, and nothing of others stands in the page that could give it one.
		forms = "'self' http: https:"
	}
	p.policy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'; base-uri 'none'; form-action %s",
		base64.StdEncoding.EncodeToString(hash[:]), forms)
	return p
}

// Write answers with the page, in the language that the client likes best: German where none fits. data is what its
// texts are filled with.
func (p *Page) Write(w http.ResponseWriter, r *http.Request, status int, data any) {
	_, which := language.MatchStrings(p.match, r.Header.Values("Accept-Language")...)
	var text bytes.Buffer
	if err := p.texts[which].Execute(&text, framed{tags()[which].String(), template.CSS(style), data}); err != nil {
		panic(fmt.Sprintf("page: %v", err)) // it isn't the request that is wrong
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept-Language")
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	// Under no-referrer a browser says "Origin: null" even of a form that comes back to where it was.
	header.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a client that went away is no concern of ours
}
