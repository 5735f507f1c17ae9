package town

import (
	"fmt"
	"slices"
	"strings"

	"nelke/internal/normal"
)

// maxFrequent is how many services a town may name as asked for most often.
const maxFrequent = 8

// frequent checks the services that are asked for most often.
func (l *loader) frequent(t *Town) {
	const at = "municipality.frequent"
	slugs := t.Municipality.Frequent
	if len(slugs) > maxFrequent {
		l.fault(at, "there are more than %d", maxFrequent)
	}
	seen := unique{}
	for i, slug := range slugs {
		field := fmt.Sprintf("%s[%d]", at, i)
		l.once(seen, slug, field)
		if !slices.ContainsFunc(t.Services, func(s Service) bool { return s.Slug == slug }) {
			l.fault(field, "there is no service %q", slug)
		}
	}
}

// pages reads the texts of the town's pages and checks that each page says something.
func (l *loader) pages(pages []Page) {
	kinds := unique{}
	for i := range pages {
		p := &pages[i]
		at := fmt.Sprintf("pages[%d]", i)
		l.once(kinds, string(p.Kind), at+".kind")
		l.pageText(&p.DE, at+".de")
		if p.EN != nil {
			l.pageText(p.EN, at+".en")
		}
	}
}

func (l *loader) pageText(p *PageText, at string) {
	if p.File == "" && p.URL == "" {
		l.fault(at, "has neither file nor url")
	}
	if p.URL != "" {
		l.https(p.URL, at+".url")
	}
	if p.File == "" {
		return
	}
	file, raw, ok := l.readBeside(p.File, at+".file")
	if !ok {
		return
	}
	if strings.TrimSpace(string(raw)) == "" {
		l.beside = append(l.beside, Fault{File: file, Line: 1, Message: "the text is empty"})
	}
	text, fit := normal.Lines(string(raw))
	if !fit {
		l.beside = append(l.beside, Fault{File: file, Line: 1, Message: unshown})
	}
	p.Text = text
}
