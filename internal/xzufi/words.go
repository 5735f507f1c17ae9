package xzufi

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What the format has no element for is said in a sentence that people can read and Read parses.

// phrase is a fixed sentence for a word of the catalogue.
type phrase struct {
	word string
	text Text
}

// channels are how a service can be asked for.
func channels() []phrase {
	return []phrase{
		{"ONLINE", Text{"de": "Sie können die Leistung online beantragen.", "en": "You can apply online."}},
		{"APPOINTMENT", Text{"de": "Sie können einen Termin vereinbaren.", "en": "You can make an appointment."}},
		{"LINK", Text{"de": "Sie nutzen die verlinkte Seite.", "en": "You use the page that is linked."}},
		{"POST", Text{"de": "Sie können einen Brief schreiben.", "en": "You can write a letter."}},
	}
}

// deliveries are how the result comes.
func deliveries() []phrase {
	return []phrase{
		{"POST", Text{"de": "Das Ergebnis kommt mit der Post.", "en": "The result comes by post."}},
		{"PICK_UP", Text{"de": "Sie holen das Ergebnis im Amt ab.", "en": "You collect the result at the office."}},
		{"ELECTRONIC", Text{"de": "Sie erhalten das Ergebnis elektronisch.", "en": "You receive the result electronically."}},
		{"NONE", Text{"de": "Es wird nichts ausgehändigt.", "en": "Nothing is handed out."}},
	}
}

func sentence(all []phrase, word, language string) (string, error) {
	i := slices.IndexFunc(all, func(p phrase) bool { return p.word == word })
	if i < 0 {
		return "", fmt.Errorf("no sentence says %q", word)
	}
	return all[i].text[language], nil
}

func word(all []phrase, sentence, language string) (string, error) {
	i := slices.IndexFunc(all, func(p phrase) bool { return p.text[language] == sentence })
	if i < 0 {
		return "", fmt.Errorf("%q says no known thing", sentence)
	}
	return all[i].word, nil
}

// trusts are the codes of trust levels (Vertrauensniveau).
func trusts() map[string]string {
	return map[string]string{"NONE": "10", "BASIC": "20", "SUBSTANTIAL": "30", "HIGH": "40"}
}

func trustOf(code string) string {
	for word, c := range trusts() {
		if c == code {
			return word
		}
	}
	return ""
}

// Beginnings of sentences with a value behind them.
func unconfirmed() Text {
	return Text{"de": "Von der Kommune noch nicht bestätigt: ", "en": "Not yet confirmed by the municipality: "}
}

func opens() Text { return Text{"de": "Online ab ", "en": "Online from "} }

func closes() Text { return Text{"de": "Online bis ", "en": "Online until "} }

func furtherCopy() Text {
	return Text{"de": "Jede weitere Ausfertigung", "en": "Each further copy"}
}

// assumptions are the facts of a service that its municipality hasn't confirmed, its prices by their first day.
func assumptions(s *Service) []string {
	all := slices.Clone(s.Assumed)
	for _, f := range s.Fees {
		if f.Assumed {
			all = append(all, "fees["+f.ValidFrom+"]")
		}
	}
	return all
}

func weekdays(language string) []string {
	if language == "en" {
		return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	}
	return []string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
}

func bounds(language string) (from, until string) {
	if language == "en" {
		return "from", "until"
	}
	return "ab", "bis"
}

// line is "Montag 08:00–12:30", with " ab 2027-01-01" and " bis 2027-12-31" where it is bounded.
func (h Hours) line(language string) string {
	text := weekdays(language)[h.Weekday] + " " + h.From + "–" + h.To
	from, until := bounds(language)
	if h.ValidFrom != "" {
		text += " " + from + " " + h.ValidFrom
	}
	if h.Until != "" {
		text += " " + until + " " + h.Until
	}
	return text
}

func hoursOf(line, language string) (h Hours, err error) {
	words := strings.Split(line, " ")
	day := slices.Index(weekdays(language), words[0])
	if day < 0 || len(words) < 2 || len(words)%2 != 0 {
		return h, fmt.Errorf("%q are no opening hours", line)
	}
	h.Weekday = time.Weekday(day)
	h.From, h.To, _ = strings.Cut(words[1], "–")
	from, until := bounds(language)
	for i := 2; i < len(words); i += 2 {
		switch words[i] {
		case from:
			h.ValidFrom = words[i+1]
		case until:
			h.Until = words[i+1]
		default:
			return h, fmt.Errorf("%q are no opening hours", line)
		}
	}
	return h, nil
}
