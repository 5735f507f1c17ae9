// Package view is the HTML of the pages: the frame, its parts, and what each page shows of the graph's answers. Both languages of a
// text stand side by side where it is used.
package view

import (
	"net/url"
	"strings"
	"time"

	"nelke/web/api"
)

// Page is what the frame of every page shows.
type Page struct {
	Lang     string // "de" or "en"
	Base     string // path of the town: "" or "/blomberg"
	Path     string // of this page, below town and language
	Query    string // of this page's address
	Title    string
	Summary  string // for search engines; "" for pages that they shouldn't list
	OneTown  bool
	Demo     bool
	Embedded bool // shown in a frame on the town's website
	Public   string
	Style    string // address of the stylesheet
	Beside   string // address of what Style lacks, loaded after it; "" where it lacks nothing
	Script   string // address of the script
	Theme    string // address of the town's own stylesheet, after Style; "" without one
	Logo     string // address of the town's logo; "" without one
	Key      string // idempotency key for the page's forms
	CaseKey  string // key under which a form would open a case; "" where there is one
	Town     *api.TownFrame
	Faults   []Fault // what was wrong with the form that was sent
	Now      time.Time
}

// Fault is one thing that is wrong with a form.
type Fault struct {
	Field   string // id of the field; "" for the form as a whole
	Message string
	Link    string // where it can be mended, if that is another page
}

// T returns the text in the page's language.
func (p *Page) T(de, en string) string {
	if p.Lang == "en" {
		return en
	}
	return de
}

// URL returns the address of a page of the town in this language. path is below the town, such as "/termin".
func (p *Page) URL(path string) string { return p.in(p.Lang, path) }

func (p *Page) in(lang, path string) string {
	if lang == "en" {
		path = strings.TrimSuffix("/en"+path, "/")
	}
	if p.Base+path == "" {
		return "/"
	}
	return (&url.URL{Path: p.Base + path}).EscapedPath()
}

// Other returns the address of this page in the other language.
func (p *Page) Other() string {
	lang := "en"
	if p.Lang == "en" {
		lang = "de"
	}
	url := p.in(lang, p.Path)
	if p.Query != "" {
		url += "?" + p.Query
	}
	return url
}

// Full returns the title of the document: "Fehler: " before it where the form has faults.
func (p *Page) Full() string {
	title := p.Title
	if len(p.Faults) > 0 {
		title = p.T("Fehler: ", "Error: ") + title
	}
	if p.Town != nil {
		title += " – " + p.T("Bürgerservice ", "Citizen services ") + p.Town.Name
	}
	return title
}

// choosesTown reports whether this is the page that asks for the town.
func (p *Page) choosesTown() bool { return p.Town == nil && p.Path == "/" }

// With returns a page frame for a town.
func (p *Page) With(t *api.TownFrame) *Page {
	p.Town = t
	return p
}

// FaultOf returns the sentence for a field, "" where nothing is wrong with it.
func (p *Page) FaultOf(field string) string {
	for _, f := range p.Faults {
		if f.Field == field {
			return f.Message
		}
	}
	return ""
}

// FailureKind is why a page can't be shown.
type FailureKind int

// Why a page can't be shown.
const (
	Broken FailureKind = iota
	NotFound
	SignedOut
	Forged
	TooMany
	Unavailable
)

// Failure is a page that can't be shown.
type Failure struct {
	Status     int
	Kind       FailureKind
	RetryAfter int  // seconds; 0: not said
	Sent       bool // whether a form was sent: then only a reload sends it again
}
