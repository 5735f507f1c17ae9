package pages_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"nelke/test/suite"
)

// online are the services of the announcement.
func online() []string {
	return []string{
		"abmeldung-ins-ausland", "briefwahlantrag", "eheurkunde", "fuehrungszeugnis", "geburtsurkunde", "gewerbezentralregisterauskunft",
		"lebenspartnerschaftsurkunde", "meldebescheinigung", "melderegisterauskunft", "statusabfrage-ausweis-pass", "sterbeurkunde",
		"uebermittlungssperre", "wohnungsgeberbestaetigung",
	}
}

// TestEveryServiceIsAppliedForToItsEnd fills in each of the thirteen forms from its samples, by what the HTML of its pages asks for, pays where
// a fee is due, and sends it. What the office then has are the sample's answers.
func TestEveryServiceIsAppliedForToItsEnd(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		for i, slug := range online() {
			filing := p.Filing(slug)
			answers := filing.Accepted[len(filing.Accepted)-1].(map[string]any)
			b := open(t, p, []string{"/dienste/", "/en/dienste/"}[i%2]+slug+"/antrag")
			w := words(i%2 == 1)
			b.press(w["read"]).press(w["noted"])
			b.fillForm(answers, w)
			b.press(w["correct"])
			if b.heading() == w["pay"] {
				b.choose(w["card"]).press(w["toPay"]).press("Zahlung gelingt").follow(w["paid"])
			}
			b.press(w["send"]).shows(w["received"])
			id := b.url.Path[strings.LastIndexByte(b.url.Path, '/')+1:]
			sent := p.Clerk().Do(`query($id: ID!) { application(id: $id) { status answers } }`, suite.Vars{"id": id}).OK("application")
			want, err := json.Marshal(answers)
			require.NoError(t, err)
			require.JSONEq(t, string(want), sent.Get("answers").Raw, slug)
		}
	})
}

func words(english bool) map[string]string {
	if english {
		return map[string]string{
			"read": "I have read this, continue", "noted": "I have taken note, continue", "next": "Continue", "check": "Please check your details",
			"correct": "All correct, continue", "pay": "How do you want to pay?", "card": "Credit card", "toPay": "To the payment page",
			"paid": "Continue to sending", "send": "Send now", "received": "We have received your application",
		}
	}
	return map[string]string{
		"read": "Gelesen, weiter", "noted": "Zur Kenntnis genommen, weiter", "next": "Weiter", "check": "Bitte prüfen Sie Ihre Angaben",
		"correct": "Alles richtig, weiter", "pay": "Wie möchten Sie bezahlen?", "card": "Kreditkarte", "toPay": "Zur Bezahlseite",
		"paid": "Weiter zum Absenden", "send": "Jetzt verbindlich absenden", "received": "Ihr Antrag ist eingegangen",
	}
}

// fillForm fills in one page after the other until the check page is there.
func (b *reader) fillForm(answers map[string]any, w map[string]string) {
	b.t.Helper()
	for range 40 {
		if b.heading() == w["check"] {
			return
		}
		b.fillPage(answers)
		if add := b.entryWanted(answers); add != nil {
			b.do(b.submit(formOf(add), add))
			continue
		}
		b.press(w["next"])
		require.Empty(b.t, b.errors(), "%s", b.url)
	}
	require.Fail(b.t, "the form doesn't end", "%s: %s", b.url, text(b.all("main")[0]))
}

// fillPage fills in every field of the page by its name, which is a JSON pointer into the answers.
func (b *reader) fillPage(answers map[string]any) {
	for _, kind := range []string{"input", "textarea", "select"} {
		for _, in := range b.all(kind) {
			name := attr(in, "name")
			if !strings.HasPrefix(name, "/") || attr(in, "type") == "hidden" || concealed(in) {
				continue
			}
			value := typedFor(answers, name)
			switch attr(in, "type") {
			case "radio", "checkbox":
				offered := attr(in, "value")
				on := slices.Contains(value, offered)
				b.typed[in] = map[bool]string{true: "on", false: ""}[on]
			default:
				b.typed[in] = strings.Join(value, "")
			}
		}
	}
}

// typedFor returns what a person types into the field of a name, or the values that they choose.
func typedFor(answers any, name string) []string {
	pointer, part := name, ""
	for _, p := range []string{".day", ".month", ".year"} {
		if rest, ok := strings.CutSuffix(name, p); ok {
			pointer, part = rest, p
		}
	}
	v := answers
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	if list, ok := v.([]any); ok {
		var all []string
		for _, item := range list {
			all = append(all, fmt.Sprint(item))
		}
		return all
	}
	if v == nil {
		return nil
	}
	if part != "" {
		date := append(strings.Split(fmt.Sprint(v), "-"), "", "")
		return []string{date[map[string]int{".year": 0, ".month": 1, ".day": 2}[part]]}
	}
	return []string{fmt.Sprint(v)}
}

// entryWanted returns the button that adds an entry to a list of which the answers have more than the page; nil where there is none.
func (b *reader) entryWanted(answers map[string]any) *html.Node {
	for _, button := range b.all("button") {
		if attr(button, "name") != "add" {
			continue
		}
		pointer := attr(button, "value")
		want := len(typedFor(answers, pointer))
		shown := map[string]bool{}
		for _, kind := range []string{"input", "textarea", "select"} {
			for _, in := range b.all(kind) {
				if rest, ok := strings.CutPrefix(attr(in, "name"), pointer+"/"); ok {
					entry, _, _ := strings.Cut(rest, "/")
					shown[entry] = true
				}
			}
		}
		if want > len(shown) {
			return button
		}
	}
	return nil
}

func formOf(n *html.Node) *html.Node {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == "form" {
			return n
		}
	}
	return nil
}
