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

	"nelke/test/reader"
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
			b := reader.Open(t, p, []string{"/dienste/", "/en/dienste/"}[i%2]+slug+"/antrag")
			w := words(i%2 == 1)
			b.Press(w["read"]).Press(w["noted"])
			fillForm(b, answers, w)
			b.Press(w["correct"])
			if b.Heading() == w["pay"] {
				b.Choose(w["card"]).Press(w["toPay"]).Press("Zahlung gelingt").Follow(w["paid"])
			}
			b.Press(w["send"]).Shows(w["received"])
			id := b.URL.Path[strings.LastIndexByte(b.URL.Path, '/')+1:]
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
func fillForm(b *reader.Reader, answers map[string]any, w map[string]string) {
	b.T.Helper()
	for range 40 {
		if b.Heading() == w["check"] {
			return
		}
		fillPage(b, answers)
		if add := entryWanted(b, answers); add != nil {
			b.Do(b.Submit(formOf(add), add))
			continue
		}
		b.Press(w["next"])
		require.Empty(b.T, b.Errors(), "%s", b.URL)
	}
	require.Fail(b.T, "the form doesn't end", "%s: %s", b.URL, reader.Text(b.All("main")[0]))
}

// fillPage fills in every field of the page by its name, which is a JSON pointer into the answers.
func fillPage(b *reader.Reader, answers map[string]any) {
	for _, kind := range []string{"input", "textarea", "select"} {
		for _, in := range b.All(kind) {
			name := reader.Attr(in, "name")
			if !strings.HasPrefix(name, "/") || reader.Attr(in, "type") == "hidden" || reader.Concealed(in) {
				continue
			}
			value := typedFor(answers, name)
			switch reader.Attr(in, "type") {
			case "radio", "checkbox":
				offered := reader.Attr(in, "value")
				on := slices.Contains(value, offered)
				b.Typed[in] = map[bool]string{true: "on", false: ""}[on]
			default:
				b.Typed[in] = strings.Join(value, "")
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
func entryWanted(b *reader.Reader, answers map[string]any) *html.Node {
	for _, button := range b.All("button") {
		if reader.Attr(button, "name") != "add" {
			continue
		}
		pointer := reader.Attr(button, "value")
		want := len(typedFor(answers, pointer))
		shown := map[string]bool{}
		for _, kind := range []string{"input", "textarea", "select"} {
			for _, in := range b.All(kind) {
				if rest, ok := strings.CutPrefix(reader.Attr(in, "name"), pointer+"/"); ok {
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
