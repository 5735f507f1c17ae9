package form

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Text tells a person what is wrong, in one or two sentences for the place beside the field: in German ("de"), else in
// English. It names the field only where the fault lies between fields, and never repeats what was answered.
func (f Fault) Text(language string) string {
	german := language == "de"
	say := func(de, en string) string {
		if german {
			return de
		}
		return en
	}
	n := f.limit(german)
	one := n == "1"
	hint := f.Hint["en"]
	if german {
		hint = f.Hint["de"]
	}
	// also puts what the form says behind a sentence.
	also := func(de, en string) string { return strings.TrimSpace(say(de, en) + " " + hint) }

	switch f.Keyword {
	case "required":
		return say("Bitte machen Sie diese Angabe.", "Please fill this in.")
	case "dependentRequired":
		return say("Zusammen mit Ihren anderen Angaben benötigen wir auch diese.", "Together with your other answers we need this one too.")
	case "unevaluatedProperties", "additionalProperties":
		return say("Diese Angabe ist hier nicht vorgesehen. Bitte lassen Sie sie weg.", "This is not asked for here. Please leave it out.")
	case "duplicate":
		return say("Diese Angabe ist mehrmals angekommen. Bitte machen Sie sie nur einmal.", "This answer arrived more than once. Please give it only once.")
	case "text":
		return say("Diese Angabe enthält Zeichen, die sich nicht verarbeiten lassen. Bitte geben Sie sie von Hand neu ein.",
			"This contains characters that cannot be processed. Please type it in again by hand.")
	case "size":
		return say("Ihre Angaben sind zusammen zu lang. Bitte kürzen Sie sie.", "Your answers are too long altogether. Please shorten them.")
	case "type":
		return say(f.wrongType())
	case "enum":
		return say("Bitte wählen Sie eine der angebotenen Möglichkeiten.", "Please choose one of the options offered.")
	case "const":
		switch value := f.Params["value"].(type) {
		case bool:
			if value {
				return also("Bitte stimmen Sie hier zu, sonst können wir Ihren Antrag nicht annehmen.",
					"Please agree to this, or else we cannot accept your application.")
			}
			return also("Hier ist nur die Antwort „Nein“ möglich.", "Only the answer “No” is possible here.")
		case string:
			return also("Hier ist nur „"+value+"“ möglich.", "Only “"+value+"” is possible here.")
		case json.Number:
			return also("Hier ist nur "+numeral(value.String(), german)+" möglich.", "Only "+value.String()+" is possible here.")
		}
		return also("Hier ist nur eine bestimmte Angabe möglich.", "Only one particular answer is possible here.")
	case "not":
		return also("Diese Angabe ist hier nicht möglich.", "This answer is not possible here.")
	case "format":
		return say(f.wrongFormat())
	case "pattern":
		switch {
		case f.Params["pattern"] == LinePattern, f.Params["pattern"] == lineBefore:
			return say("Bitte schreiben Sie diese Angabe in eine Zeile.", "Please write this on one line.")
		case f.Params["pattern"] == PartialDatePattern:
			return say("Bitte geben Sie ein Jahr zwischen 1800 und 2099 an.", "Please give a year from 1800 to 2099.")
		case hint != "":
			return say("Bitte prüfen Sie diese Angabe: ", "Please check this answer: ") + hint
		case f.Params["pattern"] == `^[0-9]{5}$`:
			return say("Bitte geben Sie genau fünf Ziffern ein.", "Please enter exactly five digits.")
		}
		return say("Bitte prüfen Sie diese Angabe: Sie hat nicht die erwartete Form.", "Please check this answer: it does not have the expected form.")
	case MaxDaysAhead:
		switch days, _ := f.Params["days"].(int); days {
		case 0:
			return say("Dieses Datum liegt in der Zukunft. Bitte prüfen Sie es.", "This date lies in the future. Please check it.")
		case 1:
			return also("Dieses Datum darf höchstens einen Tag in der Zukunft liegen.", "This date may lie one day ahead at most.")
		default:
			ahead := strconv.Itoa(days)
			return also("Dieses Datum darf höchstens "+ahead+" Tage in der Zukunft liegen.", "This date may lie at most "+ahead+" days ahead.")
		}
	case "minLength":
		if one {
			return say("Bitte füllen Sie dieses Feld aus.", "Please fill in this field.")
		}
		return say("Bitte geben Sie mindestens "+n+" Zeichen ein.", "Please enter at least "+n+" characters.")
	case "maxLength":
		if one {
			return say("Bitte geben Sie nur ein Zeichen ein.", "Please enter only one character.")
		}
		return say("Bitte geben Sie höchstens "+n+" Zeichen ein.", "Please enter at most "+n+" characters.")
	case "minItems":
		if one {
			return say("Bitte geben Sie mindestens einen Eintrag an.", "Please give at least one entry.")
		}
		return say("Bitte geben Sie mindestens "+n+" Einträge an.", "Please give at least "+n+" entries.")
	case "maxItems":
		if one {
			return say("Bitte geben Sie nur einen Eintrag an.", "Please give only one entry.")
		}
		return say("Bitte geben Sie höchstens "+n+" Einträge an.", "Please give at most "+n+" entries.")
	case "uniqueItems":
		return say("Ein Eintrag kommt mehrmals vor. Bitte nennen Sie jeden nur einmal.", "One entry occurs more than once. Please give each only once.")
	case "contains":
		return also("In dieser Liste fehlt ein Eintrag, der dazugehört.", "An entry that belongs in this list is missing.")
	case "minContains":
		if one {
			return also("In dieser Liste fehlt ein Eintrag, der dazugehört.", "An entry that belongs in this list is missing.")
		}
		return also("In dieser Liste fehlen Einträge: Mindestens "+n+" von der verlangten Art gehören dazu.",
			"Entries are missing from this list: at least "+n+" of the kind asked for belong in it.")
	case "maxContains":
		if one {
			return also("Diese Liste darf nur einen Eintrag dieser Art enthalten.", "This list may hold only one entry of this kind.")
		}
		return also("Diese Liste darf höchstens "+n+" Einträge dieser Art enthalten.", "This list may hold at most "+n+" entries of this kind.")
	case "minProperties":
		if one {
			return say("Bitte machen Sie hier mindestens eine Angabe.", "Please give at least one answer here.")
		}
		return say("Bitte machen Sie hier mindestens "+n+" Angaben.", "Please give at least "+n+" answers here.")
	case "maxProperties":
		if one {
			return say("Bitte machen Sie hier nur eine Angabe.", "Please give only one answer here.")
		}
		return say("Bitte machen Sie hier höchstens "+n+" Angaben.", "Please give at most "+n+" answers here.")
	case "minimum":
		return say("Bitte geben Sie "+n+" oder mehr an.", "Please enter "+n+" or more.")
	case "maximum":
		return say("Bitte geben Sie höchstens "+n+" an.", "Please enter "+n+" at most.")
	case "exclusiveMinimum":
		return say("Bitte geben Sie mehr als "+n+" an.", "Please enter more than "+n+".")
	case "exclusiveMaximum":
		return say("Bitte geben Sie weniger als "+n+" an.", "Please enter less than "+n+".")
	case "multipleOf":
		if one {
			return say("Bitte geben Sie eine ganze Zahl an.", "Please enter a whole number.")
		}
		return say("Bitte geben Sie ein Vielfaches von "+n+" an.", "Please enter a multiple of "+n+".")
	case "anyOf":
		if f.Params["missing"] != nil && hint != "" {
			return say("Bitte machen Sie mindestens eine dieser Angaben: ", "Please give at least one of these answers: ") + hint + "."
		}
		return also("Diese Angaben passen zu keiner der vorgesehenen Möglichkeiten.", "These answers fit none of the possibilities.")
	case "oneOf":
		switch {
		case f.Params["matched"] != nil:
			return also("Bitte machen Sie nur eine der Angaben, die einander hier ausschließen.", "Please give only one of the answers that exclude each other here.")
		case f.Params["missing"] != nil && hint != "":
			return say("Bitte machen Sie genau eine dieser Angaben: ", "Please give exactly one of these answers: ") + hint + "."
		}
		return also("Diese Angaben passen zu keiner der vorgesehenen Möglichkeiten.", "These answers fit none of the possibilities.")
	default:
		return also("Bitte prüfen Sie diese Angabe.", "Please check this answer.")
	}
}

func (f Fault) wrongType() (de, en string) {
	if f.Pointer == "" {
		return "Ihre Angaben sind nicht lesbar angekommen. Bitte senden Sie das Formular noch einmal.",
			"Your answers did not arrive in a readable form. Please send the form again."
	}
	kind := ""
	if kinds, _ := f.Params["type"].([]string); len(kinds) == 1 {
		kind = kinds[0]
	}
	switch kind {
	case "string":
		return "Bitte geben Sie hier einen Text ein.", "Please enter a text here."
	case "integer":
		return "Bitte geben Sie hier eine ganze Zahl ein.", "Please enter a whole number here."
	case "number":
		return "Bitte geben Sie hier eine Zahl ein.", "Please enter a number here."
	case "boolean":
		return "Bitte antworten Sie hier mit Ja oder Nein.", "Please answer yes or no here."
	case "array":
		return "Bitte machen Sie hier Ihre Angaben als Liste.", "Please give your answers here as a list."
	case "object":
		return "Bitte füllen Sie hier die einzelnen Felder aus.", "Please fill in the separate fields here."
	default:
		return "Diese Angabe lässt sich so nicht verwenden. Bitte geben Sie sie neu ein.",
			"This answer cannot be used as it is. Please enter it again."
	}
}

func (f Fault) wrongFormat() (de, en string) {
	switch f.Params["format"] {
	case "date":
		return "Bitte geben Sie ein Datum ein, das es gibt: Jahr, Monat und Tag wie 2026-03-31.",
			"Please enter a date that exists: year, month and day like 2026-03-31."
	case PartialDate:
		return "Bitte geben Sie ein Datum ein, das es gibt, wie 1965-06-24. Ist nur ein Teil bekannt, genügt das Jahr oder Jahr und Monat: 1965 oder 1965-06.",
			"Please enter a date that exists, like 1965-06-24. If only a part is known, the year will do, or year and month: 1965 or 1965-06."
	case "time":
		return "Bitte geben Sie eine Uhrzeit mit Zeitzone ein, wie 14:30:00+01:00.",
			"Please enter a time of day with its time zone, like 14:30:00+01:00."
	case "date-time":
		return "Bitte geben Sie Datum und Uhrzeit mit Zeitzone ein, wie 2026-03-31T14:30:00+02:00.",
			"Please enter date and time with the time zone, like 2026-03-31T14:30:00+02:00."
	case "duration":
		return "Bitte geben Sie eine Dauer ein, wie P3D für drei Tage.", "Please enter a length of time, like P3D for three days."
	case "email":
		return "Bitte geben Sie eine vollständige E-Mail-Adresse ein, wie name@beispiel.de.",
			"Please enter a complete email address, like name@example.org."
	case "uri", "iri":
		return "Bitte geben Sie eine vollständige Internetadresse ein, wie https://www.beispiel.de.",
			"Please enter a complete web address, like https://www.example.org."
	case "uri-reference", "iri-reference":
		return "Bitte geben Sie eine Internetadresse ein.", "Please enter a web address."
	case "hostname":
		return "Bitte geben Sie den Namen einer Internetseite ein, wie www.beispiel.de.",
			"Please enter the name of a website, like www.example.org."
	case "ipv4":
		return "Bitte geben Sie eine IP-Adresse ein, wie 192.0.2.1.", "Please enter an IP address, like 192.0.2.1."
	case "ipv6":
		return "Bitte geben Sie eine IP-Adresse ein, wie 2001:db8::1.", "Please enter an IP address, like 2001:db8::1."
	case "uuid":
		return "Bitte geben Sie eine Kennung aus 32 Ziffern und Buchstaben mit Bindestrichen ein.",
			"Please enter an identifier of 32 digits and letters with hyphens."
	default:
		return "Bitte prüfen Sie diese Angabe: Sie hat nicht die erwartete Form.",
			"Please check this answer: it does not have the expected form."
	}
}

// limit returns the limit of the rule as a person writes it.
func (f Fault) limit(german bool) string {
	switch limit := f.Params["limit"].(type) {
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
