package server

import (
	"net/http"
	"strings"

	textlanguage "golang.org/x/text/language"
)

// languages are those that texts are offered in. German is what is answered where nothing fits.
type languages struct{ matcher textlanguage.Matcher }

func newLanguages() languages {
	return languages{textlanguage.NewMatcher([]textlanguage.Tag{textlanguage.German, textlanguage.English})}
}

// of is the language, "de" or "en", that a client likes best (RFC 9110, section 12.5.4).
func (l languages) of(header http.Header) string {
	accept := header["Accept-Language"]
	if len(accept) == 0 {
		return "de"
	}
	if len(accept) == 1 {
		if simple, ok := first(accept[0]); ok {
			return simple
		}
	}
	text := strings.Join(accept, ",")
	if len(text) > 500 { // nobody speaks so many, and reading them isn't free
		return "de"
	}
	tags, weights, err := textlanguage.ParseAcceptLanguage(text)
	if err != nil || len(tags) == 0 {
		return "de"
	}
	for i, weight := range weights { // the list is sorted, and those refused come last
		if weight == 0 {
			tags = tags[:i]
			break
		}
	}
	_, index, confidence := l.matcher.Match(tags...)
	if index == 1 && confidence != textlanguage.No {
		return "en"
	}
	return "de"
}

// first returns the answer where the first language of the list has no weight, so that none is liked better, and is
// one of ours: that is what browsers send, and it costs nothing to read.
func first(accept string) (string, bool) {
	if len(accept) < 2 {
		return "", false
	}
	switch accept[:2] {
	case "de", "en":
	default:
		return "", false
	}
	for i := 2; i < len(accept); i++ {
		switch c := accept[i]; {
		case c == ',':
			return accept[:2], true
		case i == 2 && c != '-', c == ';', c == ' ':
			return "", false
		}
	}
	return accept[:2], true
}
