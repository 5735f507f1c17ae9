package xzufi_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/xzufi"
)

const ars = "057660016016"

func written(t require.TestingT, m *xzufi.Message) []byte {
	var b bytes.Buffer
	w := xzufi.NewWriter(&b, m.Head)
	for i := range m.Units {
		require.NoError(t, w.Unit(&m.Units[i]))
	}
	for i := range m.Services {
		require.NoError(t, w.Service(&m.Services[i]))
	}
	for i := range m.Online {
		require.NoError(t, w.Online(&m.Online[i]))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// holdable is a text as XML can hold it.
func holdable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return utf8.RuneError
	}, s)
}

func hostile() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"<script>alert(1)</script>", "]]>", "&amp;", "&", "<!--", "\x00", "\x1b", "\uFFFE", "\uFFFF", "\r\n", "\n", "\n\n", "\n\n\n", "- ", "\n- ", "</p>", "<br/>",
			"\"'", "\u2028", "\xff", " ", "\t", "ß", "Führungszeugnis", "𝔘",
		})), 0, 6).Draw(t, "parts")
		return strings.ToValidUTF8(strings.Join(parts, ""), "\uFFFD")
	})
}

func text() *rapid.Generator[xzufi.Text] {
	return rapid.Custom(func(t *rapid.T) xzufi.Text {
		return xzufi.Text{"de": hostile().Draw(t, "de"), "en": hostile().Draw(t, "en")}
	})
}

func moment(t *rapid.T, what string) time.Time {
	return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, what), 0).UTC()
}

func id(t *rapid.T) xzufi.ID {
	return xzufi.ID{Agency: ars, Value: rapid.StringMatching(`[a-z]+_[0-9a-z]{26}`).Draw(t, "id")}
}

func names() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.StringMatching(`[a-z][a-zA-Z]{0,9}`), 0, 3)
}

func some[T any](t *rapid.T, what string, one func(*rapid.T) T) (all []T) {
	for range rapid.IntRange(0, 3).Draw(t, what) {
		all = append(all, one(t))
	}
	return all
}

func service(t *rapid.T) xzufi.Service {
	s := xzufi.Service{
		ID: id(t), Slug: rapid.StringMatching(`[a-z-]+`).Draw(t, "slug"), LeikaKey: rapid.StringMatching(`(99\d{12})?`).Draw(t, "key"), Region: ars,
		Name: text().Draw(t, "name"), Summary: text().Draw(t, "summary"),
		Sections: some(t, "sections", func(t *rapid.T) xzufi.Section {
			return xzufi.Section{Title: text().Draw(t, "title"), Body: text().Draw(t, "body")}
		}),
		Documents: some(t, "documents", func(t *rapid.T) xzufi.Text { return text().Draw(t, "document") }),
		Links: some(t, "links", func(t *rapid.T) xzufi.Link {
			return xzufi.Link{URL: rapid.StringMatching(`https://[a-z]+\.example/\?a=[&<>"'a-z]*`).Draw(t, "url"), Label: text().Draw(t, "label")}
		}),
		Channels: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ONLINE", "APPOINTMENT", "LINK", "POST"}), 1, 4, rapid.ID).Draw(t, "channels"),
		Delivery: rapid.SampledFrom([]string{"POST", "PICK_UP", "ELECTRONIC", "NONE"}).Draw(t, "delivery"),
		Trust:    rapid.SampledFrom([]string{"NONE", "BASIC", "SUBSTANTIAL", "HIGH"}).Draw(t, "trust"),
		Changed:  moment(t, "changed"),
	}
	if rapid.Bool().Draw(t, "kind") {
		s.Kind, s.KindName = rapid.StringMatching(`[a-z-]+`).Draw(t, "kind"), text().Draw(t, "kind")
	}
	if rapid.Bool().Draw(t, "message") {
		s.Message = text().Draw(t, "message")
	}
	if rapid.Bool().Draw(t, "synonyms") {
		s.Synonyms = map[string][]string{"de": {hostile().Draw(t, "word"), "Perso"}}
	}
	if rapid.Bool().Draw(t, "opens") {
		s.Window.Opens = moment(t, "opens").Add(time.Microsecond)
	}
	if rapid.Bool().Draw(t, "closes") {
		s.Window.Closes = moment(t, "closes")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "fees") {
		f := xzufi.Fee{
			Cents: rapid.IntRange(0, 1_000_000).Draw(t, "cents"), FurtherCopy: rapid.IntRange(-1, 500).Draw(t, "further"), Currency: "EUR",
			LegalBasis: text().Draw(t, "basis"), ValidFrom: fmt.Sprintf("20%02d-01-01", 20+i), Assumed: rapid.Bool().Draw(t, "assumed"),
		}
		if rapid.Bool().Draw(t, "ends") {
			f.Until = fmt.Sprintf("20%02d-12-31", 20+i)
		}
		s.Fees = append(s.Fees, f)
	}
	if all := names().Draw(t, "unconfirmed"); len(all) > 0 {
		s.Assumed = all
	}
	return s
}

func unit(t *rapid.T) xzufi.Unit {
	u := xzufi.Unit{
		ID: id(t), Slug: "buergerbuero", Name: text().Draw(t, "name"), Region: xzufi.Region{ARS: ars}, Changed: moment(t, "changed"),
		Phone: rapid.StringMatching(`(\+49\d{5,9})?`).Draw(t, "phone"), Email: rapid.StringMatching(`([a-z]+@example\.org)?`).Draw(t, "mail"),
		Website: rapid.StringMatching(`(https://[a-z]+\.example)?`).Draw(t, "website"),
		Serves:  some(t, "serves", id),
		Hours: some(t, "hours", func(t *rapid.T) xzufi.Hours {
			return xzufi.Hours{
				Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")), From: "08:00", To: "12:30",
				ValidFrom: rapid.SampledFrom([]string{"", "2027-01-01"}).Draw(t, "from"), Until: rapid.SampledFrom([]string{"", "2027-12-31"}).Draw(t, "until"),
			}
		}),
	}
	if all := names().Draw(t, "unconfirmed"); len(all) > 0 {
		u.Assumed = all
	}
	if rapid.Bool().Draw(t, "office") {
		parent := id(t)
		u.Parent = &parent
		u.Region.AGS = "05766016"
		u.Address = &xzufi.Address{Street: hostile().Draw(t, "street"), HouseNumber: "1 a", PostalCode: "32825", City: hostile().Draw(t, "city")}
	}
	return u
}

func sample(t *rapid.T) *xzufi.Message {
	m := &xzufi.Message{
		Head:     xzufi.Head{ID: "0d9f1a52-7f0e-8c0b-9a2e-3f1f6f0e7a11", Created: moment(t, "created"), Sender: hostile().Draw(t, "sender")},
		Units:    some(t, "units", unit),
		Services: some(t, "services", service),
	}
	for _, s := range m.Services {
		m.Online = append(m.Online, xzufi.Online{ID: s.ID, Name: s.Name, URL: "https://nelke.example/#/" + s.Slug, Trust: s.Trust, Region: s.Region, Changed: s.Changed})
	}
	return m
}

// clean makes texts those that XML can hold, wherever they are.
func clean(m *xzufi.Message) *xzufi.Message {
	c := *m
	c.Sender = holdable(m.Sender)
	texts := func(t xzufi.Text) xzufi.Text {
		if t == nil {
			return nil
		}
		return xzufi.Text{"de": holdable(t["de"]), "en": holdable(t["en"])}
	}
	c.Units, c.Services, c.Online = nil, nil, nil
	for _, u := range m.Units {
		u.Name = texts(u.Name)
		if u.Address != nil {
			a := *u.Address
			a.Street, a.City = holdable(a.Street), holdable(a.City)
			u.Address = &a
		}
		c.Units = append(c.Units, u)
	}
	for _, s := range m.Services {
		s.Name, s.KindName, s.Summary, s.Message = texts(s.Name), texts(s.KindName), texts(s.Summary), texts(s.Message)
		sections := s.Sections
		s.Sections = nil
		for _, one := range sections {
			s.Sections = append(s.Sections, xzufi.Section{Title: texts(one.Title), Body: texts(one.Body)})
		}
		documents, links, fees, synonyms := s.Documents, s.Links, s.Fees, s.Synonyms
		s.Documents, s.Links, s.Fees, s.Synonyms = nil, nil, nil, nil
		for _, one := range documents {
			s.Documents = append(s.Documents, texts(one))
		}
		for _, one := range links {
			s.Links = append(s.Links, xzufi.Link{URL: one.URL, Label: texts(one.Label)})
		}
		for _, one := range fees {
			one.LegalBasis = texts(one.LegalBasis)
			s.Fees = append(s.Fees, one)
		}
		for language, words := range synonyms {
			s.Synonyms = map[string][]string{language: {}}
			for _, word := range words {
				s.Synonyms[language] = append(s.Synonyms[language], holdable(word))
			}
		}
		c.Services = append(c.Services, s)
	}
	for _, o := range m.Online {
		o.Name = texts(o.Name)
		c.Online = append(c.Online, o)
	}
	return &c
}

func TestWhatIsWrittenReadsBackTheSameWhateverTheTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := sample(t)
		document := written(t, m)
		require.True(t, utf8.Valid(document))
		got, err := xzufi.Read(bytes.NewReader(document))
		require.NoError(t, err, "%s", document)
		require.Equal(t, clean(m), got, "%s", document)
		require.Equal(t, document, written(t, m), "the same catalogue is the same bytes")
	})
}

func whole() *xzufi.Message {
	parent := xzufi.ID{Agency: ars, Value: "municipality_1"}
	service := xzufi.Service{
		ID: xzufi.ID{Agency: ars, Value: "service_1"}, Slug: "meldebescheinigung", LeikaKey: "99115003012000", Region: ars,
		Name: xzufi.Text{"de": "Meldebescheinigung", "en": "Certificate of registration"}, Kind: "registration-certificate",
		KindName: xzufi.Text{"de": "Meldebescheinigung", "en": "Certificate of registration"}, Summary: xzufi.Text{"de": "Kurz.", "en": "Short."},
		Sections: []xzufi.Section{{Title: xzufi.Text{"de": "A", "en": "A"}, Body: xzufi.Text{"de": "B\n\n- c\n- d", "en": "B"}}},
		Channels: []string{"ONLINE", "APPOINTMENT"}, Delivery: "POST", Trust: "NONE",
		Fees:    []xzufi.Fee{{Cents: 900, FurtherCopy: 450, Currency: "EUR", LegalBasis: xzufi.Text{"de": "AVwGebO", "en": "AVwGebO"}, ValidFrom: "2026-08-19", Assumed: true}},
		Window:  xzufi.Window{Opens: time.Unix(1_800_000_000, 0).UTC()},
		Assumed: []string{"channels"}, Synonyms: map[string][]string{"de": {"Bescheinigung"}}, Message: xzufi.Text{"de": "Zu.", "en": "Closed."},
		Documents: []xzufi.Text{{"de": "Ausweis", "en": "ID card"}}, Links: []xzufi.Link{{URL: "https://a.example", Label: xzufi.Text{"de": "A", "en": "A"}}},
	}
	return &xzufi.Message{
		Head: xzufi.Head{ID: "0d9f1a52-7f0e-8c0b-9a2e-3f1f6f0e7a11", Created: time.Unix(1_800_000_000, 0).UTC(), Sender: "https://nelke.example"},
		Units: []xzufi.Unit{{
			ID: xzufi.ID{Agency: ars, Value: "office_1"}, Slug: "buergerbuero", Parent: &parent, Name: xzufi.Text{"de": "Bürgerbüro", "en": "Citizens' office"},
			Address: &xzufi.Address{Street: "Marktplatz", HouseNumber: "1", PostalCode: "32825", City: "Blomberg"}, Region: xzufi.Region{ARS: ars, AGS: "05766016"},
			Email: "a@example.org", Phone: "+4952355040", Website: "https://a.example",
			Hours: []xzufi.Hours{{Weekday: time.Monday, From: "08:00", To: "12:30"}}, Serves: []xzufi.ID{service.ID}, Assumed: []string{"counters"},
		}},
		Services: []xzufi.Service{service},
		Online:   []xzufi.Online{{ID: service.ID, Name: service.Name, URL: "https://nelke.example/#/x", Trust: "NONE", Region: ars}},
	}
}

// Each edit of a good message must be seen: the reader that holds our export to its shape isn't one that takes anything.
func TestReadRefusesWhatIsNotOfTheShape(t *testing.T) {
	t.Parallel()
	good := string(written(t, whole()))
	_, err := xzufi.Read(strings.NewReader(good))
	require.NoError(t, err)
	for name, edit := range map[string]struct{ before, after, says string }{
		"another namespace":         {xzufi.Namespace, "http://xoev.de/schemata/xzufi/2_3_1", "namespace"},
		"another version":           {`xzufiVersion="2.2.0"`, `xzufiVersion="2.3.1"`, "xzufiVersion"},
		"another root":              {"transfer.operation", "transfer.frage", "no message of ours"},
		"a missing element":         {"<xzufi:ort>Blomberg</xzufi:ort>", "", "lacks ort"},
		"an unknown element":        {"</xzufi:anschrift>", "<xzufi:land>DE</xzufi:land></xzufi:anschrift>", "land isn't expected"},
		"another order":             {"<xzufi:strasse>Marktplatz</xzufi:strasse>", "<xzufi:hausnummer>1</xzufi:hausnummer><xzufi:strasse>Marktplatz</xzufi:strasse>", "lacks strasse"},
		"twice":                     {"<xzufi:sender>", "<xzufi:sender>a</xzufi:sender><xzufi:sender>", "isn't expected"},
		"a qualified code":          {"<code>01</code>", "<xzufi:code>01</xzufi:code>", "namespace"},
		"a code of no list":         {"<code>99115003012000</code>", "<code></code>", "is no code"},
		"an unknown module":         {"<code>16</code>", "<code>17</code>", `no code "17"`},
		"a module twice":            {"<code>16</code>", "<code>05</code>", "stands twice"},
		"a day that isn't":          {"<xzufi:beginn>2026-08-19", "<xzufi:beginn>2026-02-30", "day out of range"},
		"an amount that isn't":      {">9.00<", ">9<", "no amount"},
		"no currency":               {` currencyCode="EUR">9.00`, `>9.00`, "lacks attribute currencyCode"},
		"another language":          {`<xzufi:name languageCode="en">`, `<xzufi:name languageCode="fr">`, "languageCode"},
		"no agency":                 {`<xzufi:leistungID schemeAgencyID="057660016016"`, `<xzufi:leistungID`, "schemeAgencyID"},
		"an attribute more":         {`<xzufi:sender>`, `<xzufi:sender lang="de">`, "attribute lang"},
		"text between elements":     {"<xzufi:nachrichtenkopf>", "<xzufi:nachrichtenkopf>x", "has text"},
		"an element in a text":      {">https://nelke.example<", "><b xmlns='" + xzufi.Namespace + "'/><", "has elements"},
		"HTML that isn't ours":      {"&lt;h2&gt;A&lt;/h2&gt;", "&lt;h2&gt;A&lt;/h2&gt;&lt;script&gt;&lt;/script&gt;", "isn't ours"},
		"HTML with attributes":      {"&lt;h2&gt;A&lt;/h2&gt;", "&lt;h2 id=&quot;a&quot;&gt;A&lt;/h2&gt;", "attributes"},
		"no heading":                {"&lt;h2&gt;A&lt;/h2&gt;", "", "before the first heading"},
		"a sentence nobody knows":   {"Sie können die Leistung online beantragen.", "Fragen Sie nach.", "no known thing"},
		"one language of two":       {"Das Ergebnis kommt mit der Post.", "Es wird nichts ausgehändigt.", "other language"},
		"hours of no day":           {"Montag 08:00", "Feiertag 08:00", "no opening hours"},
		"hours in one language":     {"Monday 08:00", "Monday 09:00", "differ by language"},
		"a note of another kind":    {"Von der Kommune noch nicht bestätigt: counters", "Frei erfunden", "note"},
		"a price that isn't there":  {"fees[2026-08-19]", "fees[2020-01-01]", ""},
		"legal bases of nothing":    {"&lt;li&gt;AVwGebO&lt;/li&gt;", "&lt;li&gt;Nix&lt;/li&gt;", "legal bases"},
		"another region":            {`<xzufi:gebietID schemeID="urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs">057660016016`, `<xzufi:gebietID schemeID="urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs">057660044044`, "responsible for"},
		"two things in one":         {"</xzufi:leistung>", "</xzufi:leistung><xzufi:onlinedienst></xzufi:onlinedienst>", "lacks id"},
		"a document type":           {"<xzufi:transfer", "<!DOCTYPE a [<!ENTITY b 'c'>]><xzufi:transfer", "directive"},
		"an entity":                 {">Marktplatz<", ">&b;<", "entity"},
		"another charset":           {`encoding="UTF-8"`, `encoding="ISO-8859-1"`, "charset"},
		"no end":                    {"</xzufi:transfer.operation.020101>", "", "EOF"},
		"a window that is no time":  {"Online ab 2027-01-15T08:00:00Z", "Online ab morgen", "cannot parse"},
		"nothing to write":          {"<xzufi:nachrichtenkopf>", "<xzufi:schreibe></xzufi:schreibe><xzufi:nachrichtenkopf>", "lacks nachrichtenkopf"},
		"another trust":             {"<xzufi:vertrauensniveau>\n    <code>10</code>", "<xzufi:vertrauensniveau>\n    <code>11</code>", `no code "11"`},
		"a unit's role nobody has":  {"<code>02</code>\n    </xzufi:rolle>", "<code>03</code>\n    </xzufi:rolle>", `no code "03"`},
		"a further copy of nothing": {"<xzufi:beschreibung languageCode=\"de\">AVwGebO</xzufi:beschreibung>\n     <xzufi:beschreibung languageCode=\"en\">AVwGebO<", "<xzufi:beschreibung languageCode=\"de\">Jede weitere Ausfertigung</xzufi:beschreibung>\n     <xzufi:beschreibung languageCode=\"en\">Each further copy<", "without a first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, edit.before)
			_, err := xzufi.Read(strings.NewReader(strings.ReplaceAll(good, edit.before, edit.after)))
			require.Error(t, err)
			require.ErrorContains(t, err, edit.says)
		})
	}
}

func TestWriterRefusesWordsItHasNoCodeFor(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*xzufi.Service){
		"channel":  func(s *xzufi.Service) { s.Channels = []string{"PIGEON"} },
		"delivery": func(s *xzufi.Service) { s.Delivery = "" },
		"trust":    func(s *xzufi.Service) { s.Trust = "BLIND" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := whole().Services[0]
			spoil(&s)
			w := xzufi.NewWriter(&bytes.Buffer{}, xzufi.Head{})
			require.Error(t, w.Service(&s))
			require.Error(t, w.Close(), "the first error stays")
		})
	}
}
