package form

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Text returns a message to a person about a fault: one or two sentences for the place beside the field, in German ("de"),
// else in English. It names the field only where the fault lies between fields, and never repeats what was answered.
func (f Fault) Text(language string) string {
	german := language == "de"
	text := f.wording().en
	hint := f.Hint["en"]
	if german {
		text, hint = f.wording().de, f.Hint["de"]
	}
	return strings.TrimSpace(strings.NewReplacer("{n}", f.limit(german), "{value}", f.value(german), "{hint}", hint).Replace(text))
}

// wording is a text in both languages. In it stand {n} for the rule's limit, {value} for the only value that it allows, and
// {hint} for what the form says about the answer, which may be empty.
type wording struct{ de, en string }

// wordings has the wording of each keyword that has only one, or one for the limit 1 (one) and one for others (many).
var wordings = map[string]struct{ many, one wording }{ //nolint:gochecknoglobals // a table, never written
	"required":              {many: wording{"Bitte machen Sie diese Angabe.", "Please fill this in."}},
	"dependentRequired":     {many: wording{"Zusammen mit Ihren anderen Angaben benötigen wir auch diese.", "Together with your other answers we need this one too."}},
	"unevaluatedProperties": {many: surplus()},
	"additionalProperties":  {many: surplus()},
	"duplicate": {many: wording{
		"Diese Angabe ist mehrmals angekommen. Bitte machen Sie sie nur einmal.", "This answer arrived more than once. Please give it only once.",
	}},
	"text": {many: wording{
		"Diese Angabe enthält Zeichen, die sich nicht verarbeiten lassen. Bitte geben Sie sie von Hand neu ein.",
		"This contains characters that cannot be processed. Please type it in again by hand.",
	}},
	"size": {many: wording{"Ihre Angaben sind zusammen zu lang. Bitte kürzen Sie sie.", "Your answers are too long altogether. Please shorten them."}},
	"enum": {many: wording{"Bitte wählen Sie eine der angebotenen Möglichkeiten.", "Please choose one of the options offered."}},
	"not":  {many: wording{"Diese Angabe ist hier nicht möglich. {hint}", "This answer is not possible here. {hint}"}},
	"minLength": {
		many: wording{"Bitte geben Sie mindestens {n} Zeichen ein.", "Please enter at least {n} characters."},
		one:  wording{"Bitte füllen Sie dieses Feld aus.", "Please fill in this field."},
	},
	"maxLength": {
		many: wording{"Bitte geben Sie höchstens {n} Zeichen ein.", "Please enter at most {n} characters."},
		one:  wording{"Bitte geben Sie nur ein Zeichen ein.", "Please enter only one character."},
	},
	"minItems": {
		many: wording{"Bitte geben Sie mindestens {n} Einträge an.", "Please give at least {n} entries."},
		one:  wording{"Bitte geben Sie mindestens einen Eintrag an.", "Please give at least one entry."},
	},
	"maxItems": {
		many: wording{"Bitte geben Sie höchstens {n} Einträge an.", "Please give at most {n} entries."},
		one:  wording{"Bitte geben Sie nur einen Eintrag an.", "Please give only one entry."},
	},
	"uniqueItems": {many: wording{
		"Ein Eintrag kommt mehrmals vor. Bitte nennen Sie jeden nur einmal.", "One entry occurs more than once. Please give each only once.",
	}},
	"contains": {many: oneEntryMissing()},
	"minContains": {
		many: wording{
			"In dieser Liste fehlen Einträge: Mindestens {n} von der verlangten Art gehören dazu. {hint}",
			"Entries are missing from this list: at least {n} of the kind asked for belong in it. {hint}",
		},
		one: oneEntryMissing(),
	},
	"maxContains": {
		many: wording{"Diese Liste darf höchstens {n} Einträge dieser Art enthalten. {hint}", "This list may hold at most {n} entries of this kind. {hint}"},
		one:  wording{"Diese Liste darf nur einen Eintrag dieser Art enthalten. {hint}", "This list may hold only one entry of this kind. {hint}"},
	},
	"minProperties": {
		many: wording{"Bitte machen Sie hier mindestens {n} Angaben.", "Please give at least {n} answers here."},
		one:  wording{"Bitte machen Sie hier mindestens eine Angabe.", "Please give at least one answer here."},
	},
	"maxProperties": {
		many: wording{"Bitte machen Sie hier höchstens {n} Angaben.", "Please give at most {n} answers here."},
		one:  wording{"Bitte machen Sie hier nur eine Angabe.", "Please give only one answer here."},
	},
	"minimum":          {many: wording{"Bitte geben Sie {n} oder mehr an.", "Please enter {n} or more."}},
	"maximum":          {many: wording{"Bitte geben Sie höchstens {n} an.", "Please enter {n} at most."}},
	"exclusiveMinimum": {many: wording{"Bitte geben Sie mehr als {n} an.", "Please enter more than {n}."}},
	"exclusiveMaximum": {many: wording{"Bitte geben Sie weniger als {n} an.", "Please enter less than {n}."}},
	"multipleOf": {
		many: wording{"Bitte geben Sie ein Vielfaches von {n} an.", "Please enter a multiple of {n}."},
		one:  wording{"Bitte geben Sie eine ganze Zahl an.", "Please enter a whole number."},
	},
}

func surplus() wording {
	return wording{"Diese Angabe ist hier nicht vorgesehen. Bitte lassen Sie sie weg.", "This is not asked for here. Please leave it out."}
}

func oneEntryMissing() wording {
	return wording{"In dieser Liste fehlt ein Eintrag, der dazugehört. {hint}", "An entry that belongs in this list is missing. {hint}"}
}

// wording returns the wording of a fault.
func (f Fault) wording() wording {
	switch f.Keyword {
	case "type":
		return f.wrongType()
	case "const":
		return f.wrongValue()
	case "format":
		return f.wrongFormat()
	case "pattern":
		return f.wrongPattern()
	case MaxDaysAhead:
		return f.tooFarAhead()
	case "anyOf", "oneOf":
		return f.wrongChoice()
	}
	found, ok := wordings[f.Keyword]
	switch {
	case !ok:
		return wording{"Bitte prüfen Sie diese Angabe. {hint}", "Please check this answer. {hint}"}
	case found.one != wording{} && f.limit(false) == "1":
		return found.one
	default:
		return found.many
	}
}

func (f Fault) wrongValue() wording {
	switch value := f.Params["value"].(type) {
	case bool:
		if value {
			return wording{
				"Bitte stimmen Sie hier zu, sonst können wir Ihren Antrag nicht annehmen. {hint}",
				"Please agree to this, or else we cannot accept your application. {hint}",
			}
		}
		return wording{"Hier ist nur die Antwort „Nein“ möglich. {hint}", "Only the answer “No” is possible here. {hint}"}
	case string:
		return wording{"Hier ist nur „{value}“ möglich. {hint}", "Only “{value}” is possible here. {hint}"}
	case json.Number:
		return wording{"Hier ist nur {value} möglich. {hint}", "Only {value} is possible here. {hint}"}
	default:
		return wording{"Hier ist nur eine bestimmte Angabe möglich. {hint}", "Only one particular answer is possible here. {hint}"}
	}
}

func (f Fault) wrongPattern() wording {
	switch pattern := f.Params["pattern"]; {
	case pattern == LinePattern, pattern == lineBefore:
		return wording{"Bitte schreiben Sie diese Angabe in eine Zeile.", "Please write this on one line."}
	case pattern == PartialDatePattern:
		return wording{"Bitte geben Sie ein Jahr zwischen 1800 und 2099 an.", "Please give a year from 1800 to 2099."}
	case f.Hint != nil:
		return wording{"Bitte prüfen Sie diese Angabe: {hint}", "Please check this answer: {hint}"}
	case pattern == `^[0-9]{5}$`:
		return wording{"Bitte geben Sie genau fünf Ziffern ein.", "Please enter exactly five digits."}
	default:
		return unexpectedForm()
	}
}

func unexpectedForm() wording {
	return wording{"Bitte prüfen Sie diese Angabe: Sie hat nicht die erwartete Form.", "Please check this answer: it does not have the expected form."}
}

func (f Fault) tooFarAhead() wording {
	switch days, _ := f.Params["days"].(int); days {
	case 0:
		return wording{"Dieses Datum liegt in der Zukunft. Bitte prüfen Sie es.", "This date lies in the future. Please check it."}
	case 1:
		return wording{"Dieses Datum darf höchstens einen Tag in der Zukunft liegen. {hint}", "This date may lie one day ahead at most. {hint}"}
	default:
		return wording{
			"Dieses Datum darf höchstens {n} Tage in der Zukunft liegen. {hint}", "This date may lie at most {n} days ahead. {hint}",
		}
	}
}

func (f Fault) wrongChoice() wording {
	switch one := f.Keyword == "oneOf"; {
	case one && f.Params["matched"] != nil:
		return wording{
			"Bitte machen Sie nur eine der Angaben, die einander hier ausschließen. {hint}",
			"Please give only one of the answers that exclude each other here. {hint}",
		}
	case f.Params["missing"] == nil || f.Hint == nil:
		return wording{"Diese Angaben passen zu keiner der vorgesehenen Möglichkeiten. {hint}", "These answers fit none of the possibilities. {hint}"}
	case one:
		return wording{"Bitte machen Sie genau eine dieser Angaben: {hint}.", "Please give exactly one of these answers: {hint}."}
	default:
		return wording{"Bitte machen Sie mindestens eine dieser Angaben: {hint}.", "Please give at least one of these answers: {hint}."}
	}
}

func (f Fault) wrongType() wording {
	if f.Pointer == "" {
		return wording{"Ihre Angaben sind nicht lesbar angekommen. Bitte senden Sie das Formular noch einmal.", "Your answers did not arrive in a readable form. Please send the form again."}
	}
	kind := ""
	if kinds, _ := f.Params["type"].([]string); len(kinds) == 1 {
		kind = kinds[0]
	}
	switch kind {
	case "string":
		return wording{"Bitte geben Sie hier einen Text ein.", "Please enter a text here."}
	case "integer":
		return wording{"Bitte geben Sie hier eine ganze Zahl ein.", "Please enter a whole number here."}
	case "number":
		return wording{"Bitte geben Sie hier eine Zahl ein.", "Please enter a number here."}
	case "boolean":
		return wording{"Bitte antworten Sie hier mit Ja oder Nein.", "Please answer yes or no here."}
	case "array":
		return wording{"Bitte machen Sie hier Ihre Angaben als Liste.", "Please give your answers here as a list."}
	case "object":
		return wording{"Bitte füllen Sie hier die einzelnen Felder aus.", "Please fill in the separate fields here."}
	default:
		return wording{"Diese Angabe lässt sich so nicht verwenden. Bitte geben Sie sie neu ein.", "This answer cannot be used as it is. Please enter it again."}
	}
}

func (f Fault) wrongFormat() wording {
	switch f.Params["format"] {
	case "date":
		return wording{"Bitte geben Sie ein Datum ein, das es gibt: Jahr, Monat und Tag wie 2026-03-31.", "Please enter a date that exists: year, month and day like 2026-03-31."}
	case PartialDate:
		return wording{"Bitte geben Sie ein Datum ein, das es gibt, wie 1965-06-24. Ist nur ein Teil bekannt, genügt das Jahr oder Jahr und Monat: 1965 oder 1965-06.", "Please enter a date that exists, like 1965-06-24. If only a part is known, the year will do, or year and month: 1965 or 1965-06."}
	case "time":
		return wording{"Bitte geben Sie eine Uhrzeit mit Zeitzone ein, wie 14:30:00+01:00.", "Please enter a time of day with its time zone, like 14:30:00+01:00."}
	case "date-time":
		return wording{"Bitte geben Sie Datum und Uhrzeit mit Zeitzone ein, wie 2026-03-31T14:30:00+02:00.", "Please enter date and time with the time zone, like 2026-03-31T14:30:00+02:00."}
	case "duration":
		return wording{"Bitte geben Sie eine Dauer ein, wie P3D für drei Tage.", "Please enter a length of time, like P3D for three days."}
	case "email":
		return wording{"Bitte geben Sie eine vollständige E-Mail-Adresse ein, wie name@beispiel.de.", "Please enter a complete email address, like name@example.org."}
	case "uri", "iri":
		return wording{"Bitte geben Sie eine vollständige Internetadresse ein, wie https://www.beispiel.de.", "Please enter a complete web address, like https://www.example.org."}
	case "uri-reference", "iri-reference":
		return wording{"Bitte geben Sie eine Internetadresse ein.", "Please enter a web address."}
	case "hostname":
		return wording{"Bitte geben Sie den Namen einer Internetseite ein, wie www.beispiel.de.", "Please enter the name of a website, like www.example.org."}
	case "ipv4":
		return wording{"Bitte geben Sie eine IP-Adresse ein, wie 192.0.2.1.", "Please enter an IP address, like 192.0.2.1."}
	case "ipv6":
		return wording{"Bitte geben Sie eine IP-Adresse ein, wie 2001:db8::1.", "Please enter an IP address, like 2001:db8::1."}
	case "uuid":
		return wording{"Bitte geben Sie eine Kennung aus 32 Ziffern und Buchstaben mit Bindestrichen ein.", "Please enter an identifier of 32 digits and letters with hyphens."}
	default:
		return unexpectedForm()
	}
}

// value returns the only value that a const allows, as a person writes it.
func (f Fault) value(german bool) string {
	switch value := f.Params["value"].(type) {
	case string:
		return value
	case json.Number:
		return numeral(value.String(), german)
	default:
		return ""
	}
}

// limit returns the limit of the rule as a person writes it.
func (f Fault) limit(german bool) string {
	limit := f.Params["limit"]
	if f.Keyword == MaxDaysAhead {
		limit = f.Params["days"]
	}
	switch limit := limit.(type) {
	case int:
		return strconv.Itoa(limit)
	case json.Number:
		return numeral(limit.String(), german)
	default:
		return ""
	}
}

// numeral writes a number with a decimal comma in German.
func numeral(number string, german bool) string {
	if german {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

// hint returns what the form says about the answer of a fault.
func (s *Schema) hint(f Fault) map[string]string {
	about := s.root.answer(f.Path())
	if missing, ok := f.Params["missing"].([]string); ok {
		var de, en []string
		for _, name := range missing {
			label := about.answer([]string{name}).get("x-label")
			inGerman, _ := label.get("de").text()
			inEnglish, _ := label.get("en").text()
			if inGerman == "" || inEnglish == "" {
				return nil
			}
			de, en = append(de, "„"+inGerman+"“"), append(en, "“"+inEnglish+"”")
		}
		return map[string]string{"de": either(de, " oder "), "en": either(en, " or ")}
	}
	de, _ := about.get("x-hint").get("de").text()
	en, _ := about.get("x-hint").get("en").text()
	if de == "" || en == "" {
		return nil
	}
	return map[string]string{"de": de, "en": en}
}

func either(labels []string, or string) string {
	last := len(labels) - 1
	if last < 1 {
		return strings.Join(labels, "")
	}
	return strings.Join(labels[:last], ", ") + or + labels[last]
}
