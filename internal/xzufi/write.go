package xzufi

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Code lists, by what they list. Those marked so in docs/xzufi.md are from readers of the format, the others are inferred.
const (
	listOfKeys      = "urn:de:fim:leika:leistung"
	listOfModules   = "urn:de:xzufi:codeliste:leistungstextmodulleika"
	listOfAddresses = "urn:xoev-de:fim:codeliste:xzufi.anschrifttyp"
	listOfLinks     = "urn:xoev-de:fim:codeliste:onlinedienstlinktyp"
	listOfWays      = "urn:de:xoev:codeliste:erreichbarkeit"
	listOfRegions   = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs"
	listOfAGS       = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:ags"

	schemeID   = "urn:nelke:id"
	schemeSlug = "urn:nelke:slug"
	schemeKind = "urn:nelke:kind"
)

// Modules of text, by their codes.
const (
	moduleTitle     = "02" // Leistungsbezeichnung: what is common to all towns
	moduleName      = "03" // the town's name for it
	moduleSummary   = "05"
	moduleBody      = "06"
	moduleBases     = "07" // Handlungsgrundlagen
	moduleDocuments = "08"
	moduleProcedure = "11" // Verfahrensablauf
	moduleLinks     = "15"
	moduleMessage   = "16" // Hinweise
)

const (
	day     = "2006-01-02"
	instant = "2006-01-02T15:04:05Z"
)

// Writer writes one message, thing by thing, in constant memory. Begin with NewWriter, end with Close; the first error
// stays and is given by each call after it.
type Writer struct {
	xml *xml.Encoder
	err error
}

// NewWriter begins a message.
func NewWriter(to io.Writer, head Head) *Writer {
	w := &Writer{xml: xml.NewEncoder(to)}
	w.xml.Indent("", " ")
	w.token(xml.ProcInst{Target: "xml", Inst: []byte(`version="1.0" encoding="UTF-8"`)})
	w.open(message, "xmlns:xzufi", Namespace, "produktbezeichnung", "Nelke", "produkthersteller", "Nelke", "xzufiVersion", Version)
	w.open("nachrichtenkopf")
	w.leaf("nachrichtUUID", head.ID)
	w.leaf("erstelltDatumZeit", head.Created.UTC().Format(instant))
	w.leaf("sender", head.Sender)
	w.close("nachrichtenkopf")
	return w
}

// message is the name of the root.
const message = "transfer.operation.020101"

// Close ends the message.
func (w *Writer) Close() error {
	w.close(message)
	if w.err == nil {
		w.err = w.xml.Close()
	}
	if w.err != nil {
		return fmt.Errorf("xzufi: write: %w", w.err)
	}
	return nil
}

// Unit writes a unit.
func (w *Writer) Unit(u *Unit) error {
	w.open("schreibe")
	w.open("organisationseinheit")
	w.ids(u.ID, u.Slug)
	if u.Parent != nil {
		w.id("uebergeordneteOrganisationseinheitID", *u.Parent, schemeID)
	}
	w.open("name")
	w.texts("name", u.Name)
	w.close("name")
	if u.Address != nil {
		w.address(u)
	}
	for _, way := range []struct{ code, value string }{{"01", u.Email}, {"02", u.Phone}} {
		if way.value != "" {
			w.open("kommunikation")
			w.code("kanal", listOfWays, way.code)
			w.leaf("kennung", way.value)
			w.close("kommunikation")
		}
	}
	if u.Website != "" {
		w.open("internetadresse")
		w.leaf("uri", u.Website)
		w.close("internetadresse")
	}
	if len(u.Hours) > 0 {
		for _, language := range Languages() {
			lines := make([]string, len(u.Hours))
			for i, h := range u.Hours {
				lines[i] = h.line(language)
			}
			w.leaf("infoOeffnungszeitenText", list(lines), "languageCode", language)
		}
	}
	for _, service := range u.Serves {
		w.open("zustaendigkeit")
		w.id("leistungID", service, schemeID)
		w.leaf("gebietID", u.Region.ARS, "schemeID", listOfRegions)
		role := "01" // zuständige Stelle
		if u.Parent != nil {
			role = "02" // and the place to go to
		}
		w.code("rolle", "", role)
		w.close("zustaendigkeit")
	}
	w.note(u.Assumed)
	w.changed(u.Changed)
	w.close("organisationseinheit")
	w.close("schreibe")
	return w.err
}

func (w *Writer) address(u *Unit) {
	w.open("anschrift")
	w.code("typ", listOfAddresses, "001") // Hausanschrift
	w.leaf("strasse", u.Address.Street)
	w.leaf("hausnummer", u.Address.HouseNumber)
	w.leaf("postleitzahl", u.Address.PostalCode)
	w.leaf("ort", u.Address.City)
	w.open("verwaltungspolitischeKodierung")
	w.code("gemeindeschluessel", listOfAGS, u.Region.AGS)
	w.code("regionalschluessel", listOfRegions, u.Region.ARS)
	w.close("verwaltungspolitischeKodierung")
	w.close("anschrift")
}

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

// Online writes where a service can be asked for online.
func (w *Writer) Online(o *Online) error {
	w.open("schreibe")
	w.open("onlinedienst")
	w.id("id", o.ID, schemeID)
	w.texts("bezeichnung", o.Name)
	w.open("link")
	w.code("typ", listOfLinks, "01")
	w.leaf("link", o.URL)
	w.close("link")
	w.trust(o.Trust)
	w.open("zustaendigkeit")
	w.id("leistungID", o.ID, schemeID)
	w.leaf("gebietID", o.Region, "schemeID", listOfRegions)
	w.close("zustaendigkeit")
	w.changed(o.Changed)
	w.close("onlinedienst")
	w.close("schreibe")
	return w.err
}

func (w *Writer) trust(level string) {
	code, ok := trusts()[level]
	if !ok && w.err == nil {
		w.err = fmt.Errorf("no code for trust level %q", level)
	}
	w.code("vertrauensniveau", "", code)
}

func (w *Writer) changed(at time.Time) {
	w.open("versionsinformation")
	w.leaf("geaendertDatumZeit", at.UTC().Format(instant))
	w.close("versionsinformation")
}

// ids writes the id of a thing, and the name by which people's addresses know it.
func (w *Writer) ids(id ID, slug string) {
	w.id("id", id, schemeID)
	w.id("idSekundaer", ID{id.Agency, slug}, schemeSlug)
}

func (w *Writer) id(name string, id ID, scheme string) {
	w.leaf(name, id.Value, "schemeAgencyID", id.Agency, "schemeID", scheme)
}

// texts writes a text in all languages, or nothing where there is none.
func (w *Writer) texts(name string, t Text) {
	if len(t) == 0 {
		return
	}
	for _, language := range Languages() {
		w.leaf(name, t[language], "languageCode", language)
	}
}

// code writes an element with a code of a list. The code itself is in no namespace.
func (w *Writer) code(name, list, code string) {
	if list == "" {
		w.open(name)
	} else {
		w.open(name, "listURI", list)
	}
	unqualified := xml.Name{Local: "code"}
	w.token(xml.StartElement{Name: unqualified})
	w.token(xml.CharData(code))
	w.token(xml.EndElement{Name: unqualified})
	w.close(name)
}

func (w *Writer) leaf(name, text string, attributes ...string) {
	w.open(name, attributes...)
	w.token(xml.CharData(text))
	w.close(name)
}

// open begins an element. Attributes come in pairs.
func (w *Writer) open(name string, attributes ...string) {
	start := xml.StartElement{Name: qualified(name)}
	for i := 0; i < len(attributes); i += 2 {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: attributes[i]}, Value: attributes[i+1]})
	}
	w.token(start)
}

func (w *Writer) close(name string) { w.token(xml.EndElement{Name: qualified(name)}) }

// qualified writes the prefix itself: the encoder would declare the namespace anew at each element.
func qualified(name string) xml.Name { return xml.Name{Local: "xzufi:" + name} }

func (w *Writer) token(t xml.Token) {
	if w.err == nil {
		w.err = w.xml.EncodeToken(t)
	}
}

// cents reads an amount as it is written here.
func cents(amount string) (int, error) {
	euros, rest, ok := strings.Cut(amount, ".")
	if !ok || len(rest) != 2 {
		return 0, fmt.Errorf("amount %q", amount)
	}
	return strconv.Atoi(euros + rest)
}
