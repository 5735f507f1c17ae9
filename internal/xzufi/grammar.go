package xzufi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// grammar is the shape of a message: of each type its children in their order, as name, how many (? * +, else one) and
// type; of a type that begins with # what its text is. Attributes follow an @, those in brackets may be missing.
func grammar() map[string]string {
	return map[string]string{
		"Nachricht": "@produktbezeichnung @produkthersteller @xzufiVersion nachrichtenkopf:Kopf schreibe*:Schreibe",
		"Kopf":      "nachrichtUUID:#uuid erstelltDatumZeit:#instant sender:#text",
		"Schreibe":  "leistung?:Leistung organisationseinheit?:Einheit onlinedienst?:Onlinedienst",

		"Leistung": "id:#id idSekundaer:#id referenzLeiKa?:Code modulText+:ModulText modulFrist?:Beschreibungen modulKosten?:ModulKosten " +
			"modulBegriffImKontext?:ModulBegriff modulAuskunftshinweis?:Hinweis kategorie?:Kategorie vertrauensniveau:Code " +
			"gueltigkeitGebietID:#gebiet versionsinformation:Version sprachversion+:Sprache",
		"ModulText":      "positionDarstellung:#number leikaTextmodul:Code inhalt*:#lang weiterfuehrenderLink*:Link",
		"Link":           "@languageCode uri:#uri titel:#text",
		"Beschreibungen": "beschreibung+:#lang",
		"ModulKosten":    "kosten+:Kosten",
		"Kosten":         "kostenFix?:KostenFix kostenFrei?:Leer beschreibung*:#lang gueltigkeit:Gueltigkeit",
		"KostenFix":      "betrag:#amount",
		"Leer":           "",
		"Gueltigkeit":    "beginn:#day ende?:#day",
		"ModulBegriff":   "begriffImKontext+:Begriff",
		"Begriff":        "begriff:#lang typ:Code",
		"Hinweis":        "inhalt+:#lang",
		"Kategorie":      "id:#kind bezeichnung*:#lang",
		"Version":        "geaendertDatumZeit:#instant",
		"Sprache":        "languageCode:#language sprachbezeichnungDeutsch:#text sprachbezeichnungNativ:#text",

		"Einheit": "id:#id idSekundaer:#id uebergeordneteOrganisationseinheitID?:#id name:Name anschrift?:Anschrift kommunikation*:Kommunikation " +
			"internetadresse?:Adresse infoOeffnungszeitenText*:#lang zustaendigkeit*:ZustaendigkeitEinheit modulAuskunftshinweis?:Hinweis " +
			"versionsinformation:Version",
		"Name":                  "name+:#lang",
		"Anschrift":             "typ:Code strasse:#text hausnummer:#text postleitzahl:#postal ort:#text verwaltungspolitischeKodierung:Kodierung",
		"Kodierung":             "gemeindeschluessel:Code regionalschluessel:Code",
		"Kommunikation":         "kanal:Code kennung:#text",
		"Adresse":               "uri:#uri",
		"ZustaendigkeitEinheit": "leistungID:#id gebietID:#gebiet rolle:Code",

		"Onlinedienst": "id:#id bezeichnung+:#lang link:OnlineLink vertrauensniveau:Code zustaendigkeit:ZustaendigkeitDienst versionsinformation:Version",
		"OnlineLink":   "typ:Code link:#uri", "ZustaendigkeitDienst": "leistungID:#id gebietID:#gebiet",

		"Code": "@[listURI] code:#code",

		"#id": "@schemeAgencyID @schemeID", "#kind": "@schemeID", "#gebiet": "@schemeID", "#lang": "@languageCode", "#amount": "@currencyCode",
		"#text": "", "#uri": "", "#day": "", "#instant": "", "#uuid": "", "#number": "", "#postal": "", "#language": "", "#code": "",
	}
}

// patterns are what texts must look like.
func patterns() map[string]string {
	return map[string]string{
		"#id": `\S+`, "#kind": `[a-z0-9-]+`, "#gebiet": `\d{12}`, "#amount": `\d+\.\d\d`, "#uri": `https?://\S+`, "#day": `\d{4}-\d\d-\d\d`,
		"#instant": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "#uuid": `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "#number": `\d+`, "#postal": `\d{5}`,
		"#language": `de|en`, "#code": `\S+`,
		"@languageCode": `de|en`, "@currencyCode": `[A-Z]{3}`, "@schemeAgencyID": `\d{12}`, "@xzufiVersion": `2\.2\.0`, "@schemeID": `urn:\S+`, "@listURI": `urn:\S+`,
	}
}

// codes are the codes that may stand in an element, by its name; what isn't here may be any.
func codes() map[string][]string {
	return map[string][]string{
		"leikaTextmodul":   {"02", "03", "05", "06", "07", "08", "09", "11", "14", "15", "16", "18", "22", "23", "24", "25"},
		"vertrauensniveau": {"00", "10", "15", "20", "30", "40"},
		"rolle":            {"01", "02"},
		"typ":              {"001", "002", "003", "004", "005", "006", "999", "01"},
		"kanal":            {"01", "02"},
	}
}

// rule is one child of a type.
type rule struct {
	name, kind string
	least      int
	many       bool
}

// shape is a type, as the grammar has it.
type shape struct {
	children   []rule
	attributes map[string]bool // whether they must be there
	text       *regexp.Regexp  // nil: any
	leaf       bool
}

func shapes() map[string]*shape {
	all := map[string]*shape{}
	for kind, line := range grammar() {
		s := &shape{attributes: map[string]bool{}, leaf: strings.HasPrefix(kind, "#")}
		for word := range strings.FieldsSeq(line) {
			if name, ok := strings.CutPrefix(word, "@"); ok {
				optional := strings.HasPrefix(name, "[")
				s.attributes[strings.Trim(name, "[]")] = !optional
				continue
			}
			name, of, _ := strings.Cut(word, ":")
			r := rule{name: strings.TrimRight(name, "?*+"), kind: of, least: 1}
			switch name[len(name)-1] {
			case '?':
				r.least = 0
			case '*':
				r.least, r.many = 0, true
			case '+':
				r.many = true
			}
			s.children = append(s.children, r)
		}
		if p, ok := patterns()[kind]; ok {
			s.text = regexp.MustCompile(`^(?:` + p + `)$`)
		}
		all[kind] = s
	}
	return all
}

// checker holds elements to the grammar.
type checker struct {
	shapes     map[string]*shape
	attributes map[string]*regexp.Regexp
	codes      map[string][]string
}

func newChecker() *checker {
	c := &checker{shapes: shapes(), attributes: map[string]*regexp.Regexp{}, codes: codes()}
	for name, p := range patterns() {
		if name, ok := strings.CutPrefix(name, "@"); ok {
			c.attributes[name] = regexp.MustCompile(`^(?:` + p + `)$`)
		}
	}
	return c
}

// check returns what is wrong with an element of a type, and with what is in it.
func (c *checker) check(e *element, kind string) error {
	s := c.shapes[kind]
	if err := c.attributesOf(e, s); err != nil {
		return err
	}
	if s.leaf {
		switch {
		case len(e.children) > 0:
			return fmt.Errorf("%s has elements", e.name)
		case s.text != nil && !s.text.MatchString(e.text):
			return fmt.Errorf("%s: %q is no %s", e.name, e.text, kind[1:])
		case kind == "#day":
			if _, err := time.Parse(day, e.text); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
		return nil
	}
	if strings.TrimSpace(e.text) != "" {
		return fmt.Errorf("%s has text", e.name)
	}
	at := 0
	for _, r := range s.children {
		n := 0
		for ; at < len(e.children) && e.children[at].name == r.name && (n == 0 || r.many); at++ {
			if err := c.check(e.children[at], r.kind); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			n++
		}
		if n < r.least {
			return fmt.Errorf("%s lacks %s", e.name, r.name)
		}
	}
	if at < len(e.children) {
		return fmt.Errorf("%s: %s isn't expected there", e.name, e.children[at].name)
	}
	if known, ok := c.codes[e.name]; ok && kind == "Code" && !slices.Contains(known, e.child("code").text) {
		return fmt.Errorf("%s: no code %q", e.name, e.child("code").text)
	}
	if kind == "Schreibe" && len(e.children) != 1 || kind == "Kosten" && (e.child("kostenFix") == nil) == (e.child("kostenFrei") == nil) {
		return fmt.Errorf("%s: not exactly one", e.name)
	}
	return nil
}

func (c *checker) attributesOf(e *element, s *shape) error {
	for name, value := range e.attributes {
		if _, ok := s.attributes[name]; !ok {
			return fmt.Errorf("%s: attribute %s isn't expected", e.name, name)
		}
		if p := c.attributes[name]; p != nil && !p.MatchString(value) {
			return fmt.Errorf("%s: attribute %s is %q", e.name, name, value)
		}
	}
	for name, must := range s.attributes {
		if _, ok := e.attributes[name]; must && !ok {
			return fmt.Errorf("%s lacks attribute %s", e.name, name)
		}
	}
	return nil
}
