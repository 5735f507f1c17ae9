package xzufi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Service writes a service.
func (w *Writer) Service(s *Service) error {
	w.open("schreibe")
	w.open("leistung")
	w.ids(s.ID, s.Slug)
	if s.LeikaKey != "" {
		w.code("referenzLeiKa", listOfKeys, s.LeikaKey)
	}
	w.modules(s)
	w.window(s)
	w.prices(s)
	w.synonyms(s)
	w.note(assumptions(s))
	if s.Kind != "" {
		w.open("kategorie")
		w.leaf("id", s.Kind, "schemeID", schemeKind)
		w.texts("bezeichnung", s.KindName)
		w.close("kategorie")
	}
	w.trust(s.Trust)
	w.leaf("gueltigkeitGebietID", s.Region, "schemeID", listOfRegions)
	w.changed(s.Changed)
	for _, language := range []struct{ code, german, own string }{{"de", "Deutsch", "Deutsch"}, {"en", "Englisch", "English"}} {
		w.open("sprachversion")
		w.leaf("languageCode", language.code)
		w.leaf("sprachbezeichnungDeutsch", language.german)
		w.leaf("sprachbezeichnungNativ", language.own)
		w.close("sprachversion")
	}
	w.close("leistung")
	w.close("schreibe")
	return w.err
}

// modules writes what a service says of itself, module by module.
func (w *Writer) modules(s *Service) {
	title := s.KindName
	if s.Kind == "" {
		title = s.Name
	}
	w.module(moduleTitle, nil, func(l string) string { return title[l] })
	w.module(moduleName, nil, func(l string) string { return s.Name[l] })
	w.module(moduleSummary, nil, func(l string) string { return markup(s.Summary[l]) })
	if len(s.Sections) > 0 {
		w.module(moduleBody, nil, func(l string) string { return sections(s.Sections, l) })
	}
	if bases := basesOf(s); len(bases) > 0 {
		w.module(moduleBases, nil, func(l string) string { return list(inLanguage(bases, l)) })
	}
	if len(s.Documents) > 0 {
		w.module(moduleDocuments, nil, func(l string) string { return list(inLanguage(s.Documents, l)) })
	}
	w.module(moduleProcedure, nil, func(l string) string { return w.procedure(s, l) })
	if len(s.Links) > 0 {
		w.module(moduleLinks, s.Links, nil)
	}
	if len(s.Message) > 0 {
		w.module(moduleMessage, nil, func(l string) string { return markup(s.Message[l]) })
	}
}

// procedure says how a service can be asked for, and how the result comes.
func (w *Writer) procedure(s *Service, language string) string {
	lines := make([]string, len(s.Channels))
	for i, channel := range s.Channels {
		lines[i] = w.said(channels(), channel, language)
	}
	return list(lines) + markup(w.said(deliveries(), s.Delivery, language))
}

func (w *Writer) said(all []phrase, word, language string) string {
	text, err := sentence(all, word, language)
	if err != nil && w.err == nil {
		w.err = err
	}
	return text
}

// basesOf are the laws and by-laws that set the prices, each once, as they read once they are written.
func basesOf(s *Service) (bases []Text) {
	for _, f := range s.Fees {
		same := func(t Text) bool {
			return maps.EqualFunc(t, f.LegalBasis, func(a, b string) bool { return escaped(a) == escaped(b) })
		}
		if len(f.LegalBasis) > 0 && !slices.ContainsFunc(bases, same) {
			bases = append(bases, f.LegalBasis)
		}
	}
	return bases
}

func inLanguage(texts []Text, language string) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = t[language]
	}
	return all
}

func (w *Writer) module(code string, links []Link, html func(language string) string) {
	w.open("modulText")
	w.leaf("positionDarstellung", strings.TrimLeft(code, "0"))
	w.code("leikaTextmodul", listOfModules, code)
	if html != nil {
		for _, language := range Languages() {
			w.leaf("inhalt", html(language), "languageCode", language)
		}
	}
	for _, l := range links {
		for _, language := range Languages() {
			w.open("weiterfuehrenderLink", "languageCode", language)
			w.leaf("uri", l.URL)
			w.leaf("titel", l.Label[language])
			w.close("weiterfuehrenderLink")
		}
	}
	w.close("modulText")
}

// window writes from when until when a service can be asked for online.
func (w *Writer) window(s *Service) {
	if s.Window.Opens.IsZero() && s.Window.Closes.IsZero() {
		return
	}
	w.open("modulFrist")
	for _, language := range Languages() {
		var lines []string
		if at := s.Window.Opens; !at.IsZero() {
			lines = append(lines, opens()[language]+at.UTC().Format(time.RFC3339Nano))
		}
		if at := s.Window.Closes; !at.IsZero() {
			lines = append(lines, closes()[language]+at.UTC().Format(time.RFC3339Nano))
		}
		w.leaf("beschreibung", list(lines), "languageCode", language)
	}
	w.close("modulFrist")
}

// prices writes all prices with their days: which of them is today's changes by itself.
func (w *Writer) prices(s *Service) {
	if len(s.Fees) == 0 {
		return
	}
	w.open("modulKosten")
	for _, f := range s.Fees {
		w.price(f, f.Cents, f.LegalBasis)
		if f.FurtherCopy >= 0 {
			w.price(f, f.FurtherCopy, furtherCopy())
		}
	}
	w.close("modulKosten")
}

func (w *Writer) price(f Fee, cents int, text Text) {
	w.open("kosten")
	if cents == 0 {
		w.open("kostenFrei")
		w.close("kostenFrei")
	} else {
		w.open("kostenFix")
		w.leaf("betrag", fmt.Sprintf("%d.%02d", cents/100, cents%100), "currencyCode", f.Currency)
		w.close("kostenFix")
	}
	w.texts("beschreibung", text)
	w.open("gueltigkeit")
	w.leaf("beginn", f.ValidFrom)
	if f.Until != "" {
		w.leaf("ende", f.Until)
	}
	w.close("gueltigkeit")
	w.close("kosten")
}

func (w *Writer) synonyms(s *Service) {
	n := 0
	for _, words := range s.Synonyms {
		n += len(words)
	}
	if n == 0 {
		return
	}
	w.open("modulBegriffImKontext")
	for _, language := range Languages() {
		for _, word := range s.Synonyms[language] {
			w.open("begriffImKontext")
			w.leaf("begriff", word, "languageCode", language)
			w.code("typ", "", "999") // the list has 001 to 003 and this; which is which isn't known for sure
			w.close("begriffImKontext")
		}
	}
	w.close("modulBegriffImKontext")
}

// note says what the municipality hasn't confirmed.
func (w *Writer) note(assumed []string) {
	if len(assumed) == 0 {
		return
	}
	w.open("modulAuskunftshinweis")
	for _, language := range Languages() {
		w.leaf("inhalt", unconfirmed()[language]+strings.Join(assumed, ", "), "languageCode", language)
	}
	w.close("modulAuskunftshinweis")
}
