package xzufi

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// element is an element with all that is in it.
type element struct {
	name       string
	attributes map[string]string
	text       string
	children   []*element
}

func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (e *element) all(name string) (found []*element) {
	for _, c := range e.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// textOf is the text of a child; empty where there is none.
func (e *element) textOf(name string) string {
	if c := e.child(name); c != nil {
		return c.text
	}
	return ""
}

// code is the code that stands in a child.
func (e *element) code(name string) string {
	if c := e.child(name); c != nil {
		return c.textOf("code")
	}
	return ""
}

// texts are the children of a name, by language.
func (e *element) texts(name string) Text {
	var t Text
	for _, c := range e.all(name) {
		if t == nil {
			t = Text{}
		}
		t[c.attributes["languageCode"]] = c.text
	}
	return t
}

func (e *element) id() ID { return ID{e.attributes["schemeAgencyID"], e.text} }

// Read reads a message, whole, and refuses whatever Writer wouldn't have written: an element that is missing, unknown, or in
// another place, a code that isn't in its list, a text that isn't what it should be.
func Read(from io.Reader) (*Message, error) {
	m := &Message{}
	c := newChecker()
	d := xml.NewDecoder(from)
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) { return nil, fmt.Errorf("charset %q", charset) }
	root, err := parse(d)
	if err != nil {
		return nil, fmt.Errorf("xzufi: read: %w", err)
	}
	if root.name != message {
		return nil, fmt.Errorf("xzufi: read: %s is no message of ours", root.name)
	}
	if err := c.check(root, "Nachricht"); err != nil {
		return nil, fmt.Errorf("xzufi: read: %w", err)
	}
	head := root.child("nachrichtenkopf")
	m.Head = Head{ID: head.textOf("nachrichtUUID"), Created: moment(head.textOf("erstelltDatumZeit")), Sender: head.textOf("sender")}
	for _, write := range root.all("schreibe") {
		thing := write.children[0]
		var err error
		switch thing.name {
		case "leistung":
			var s Service
			s, err = readService(thing)
			m.Services = append(m.Services, s)
		case "organisationseinheit":
			var u Unit
			u, err = readUnit(thing)
			m.Units = append(m.Units, u)
		case "onlinedienst":
			m.Online = append(m.Online, readOnline(thing))
		}
		if err != nil {
			return nil, fmt.Errorf("xzufi: read %s %s: %w", thing.name, thing.textOf("id"), err)
		}
	}
	return m, nil
}

// parse reads the document's tree. Elements are in the namespace, but for codes, which are in none.
func parse(d *xml.Decoder) (root *element, err error) {
	open := []*element{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(open[0].children) != 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return open[0].children[0], nil
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			space := Namespace
			if token.Name.Local == "code" {
				space = ""
			}
			if token.Name.Space != space {
				return nil, fmt.Errorf("%s is in namespace %q", token.Name.Local, token.Name.Space)
			}
			e := &element{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.attributes[a.Name.Local] = a.Value
				}
			}
			last.children = append(last.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(token)
		case xml.Directive:
			return nil, errors.New("a directive: no message has a document type")
		}
	}
}

func moment(text string) time.Time {
	at, err := time.Parse(instant, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func changed(e *element) time.Time {
	return moment(e.child("versionsinformation").textOf("geaendertDatumZeit"))
}

func readUnit(e *element) (u Unit, err error) {
	u = Unit{
		ID: e.child("id").id(), Slug: e.textOf("idSekundaer"), Name: e.child("name").texts("name"), Changed: changed(e),
	}
	if parent := e.child("uebergeordneteOrganisationseinheitID"); parent != nil {
		id := parent.id()
		u.Parent = &id
	}
	u.Region.ARS = u.ID.Agency
	if a := e.child("anschrift"); a != nil {
		u.Address = &Address{Street: a.textOf("strasse"), HouseNumber: a.textOf("hausnummer"), PostalCode: a.textOf("postleitzahl"), City: a.textOf("ort")}
		keys := a.child("verwaltungspolitischeKodierung")
		u.Region = Region{ARS: keys.code("regionalschluessel"), AGS: keys.code("gemeindeschluessel")}
	}
	for _, way := range e.all("kommunikation") {
		if way.code("kanal") == "01" {
			u.Email = way.textOf("kennung")
		} else {
			u.Phone = way.textOf("kennung")
		}
	}
	if a := e.child("internetadresse"); a != nil {
		u.Website = a.textOf("uri")
	}
	for i, html := range e.all("infoOeffnungszeitenText") {
		lines, err := items(html.text)
		if err != nil {
			return u, err
		}
		var hours []Hours
		for _, line := range lines {
			h, err := hoursOf(line, html.attributes["languageCode"])
			if err != nil {
				return u, err
			}
			hours = append(hours, h)
		}
		if i == 0 {
			u.Hours = hours
		} else if fmt.Sprint(u.Hours) != fmt.Sprint(hours) {
			return u, errors.New("opening hours differ by language")
		}
	}
	for _, z := range e.all("zustaendigkeit") {
		if got := z.textOf("gebietID"); got != u.Region.ARS {
			return u, fmt.Errorf("responsible for %s", got)
		}
		u.Serves = append(u.Serves, z.child("leistungID").id())
	}
	u.Assumed, err = readNote(e)
	return u, err
}

func readNote(e *element) (assumed []string, err error) {
	note := e.child("modulAuskunftshinweis")
	if note == nil {
		return nil, nil
	}
	for i, text := range note.all("inhalt") {
		said, ok := strings.CutPrefix(text.text, unconfirmed()[text.attributes["languageCode"]])
		if !ok {
			return nil, fmt.Errorf("note %q", text.text)
		}
		if i > 0 && said != strings.Join(assumed, ", ") {
			return nil, errors.New("notes differ by language")
		}
		assumed = strings.Split(said, ", ")
	}
	return assumed, nil
}

func readOnline(e *element) Online {
	return Online{
		ID: e.child("id").id(), Name: e.texts("bezeichnung"), URL: e.child("link").textOf("link"), Trust: trustOf(e.code("vertrauensniveau")),
		Region: e.child("zustaendigkeit").textOf("gebietID"), Changed: changed(e),
	}
}
