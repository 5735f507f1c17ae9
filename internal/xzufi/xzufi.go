// Package xzufi writes and reads a catalogue of public services as XZuFi 2.2, the exchange format of German public
// administration for services, who is responsible for them and where they can be asked for online. It has the format and
// nothing else: no database, no clock, no network.
//
// The schema of the standard wasn't to be had. What is written follows the shape that public readers of the format expect;
// docs/xzufi.md says of each element where it comes from. Read accepts exactly that shape (grammar.go), so the two hold each
// other to it.
package xzufi

import "time"

// Namespace is that of XZuFi 2.2.0, and Version what a message says of itself.
const (
	Namespace = "http://xoev.de/schemata/xzufi/2_2_0"
	Version   = "2.2.0"
)

// Text is one text by language, "de" or "en". Texts are plain unless they are said to be Markdown.
type Text map[string]string

// Head is what a message says of itself.
type Head struct {
	ID      string    // a UUID
	Created time.Time // whole seconds are written
	Sender  string
}

// Message is a whole catalogue.
type Message struct {
	Head
	Units    []Unit
	Services []Service
	Online   []Online
}

// ID names a thing. Agency is who gives ids: a town, by its Regionalschlüssel.
type ID struct {
	Agency string
	Value  string
}

// Unit is who is responsible (Organisationseinheit): a municipality, or an office of one.
type Unit struct {
	ID      ID
	Slug    string
	Parent  *ID // nil: a municipality
	Name    Text
	Address *Address // nil: none known
	Region  Region
	Phone   string
	Email   string
	Website string
	Hours   []Hours // weekly, in the order of the week
	Serves  []ID    // services
	Assumed []string
	Changed time.Time
}

// Region are the official keys of a municipality: ARS with 12 digits, AGS with 8.
type Region struct{ ARS, AGS string }

// Address is a postal address in Germany.
type Address struct{ Street, HouseNumber, PostalCode, City string }

// Hours is one opening span of a weekday, "08:00" to "12:30", from one day until another ("2027-01-01"; empty: unbounded).
type Hours struct {
	Weekday          time.Weekday
	From, To         string
	ValidFrom, Until string
}

// Service is what a municipality offers (Leistung).
type Service struct {
	ID        ID
	Slug      string
	LeikaKey  string // empty: none known
	Region    string // ARS of the municipality
	Name      Text
	Kind      string // slug of what it has in common with services of other municipalities; empty: nothing known
	KindName  Text
	Summary   Text
	Sections  []Section
	Documents []Text // what to bring
	Links     []Link
	Synonyms  map[string][]string // by language
	Channels  []string            // of Channels()
	Delivery  string              // of Deliveries()
	Trust     string              // NONE, BASIC, SUBSTANTIAL, HIGH
	Fees      []Fee               // ascending by first day
	Window    Window
	Message   Text // what the municipality says of its state
	Assumed   []string
	Changed   time.Time
}

// Section is one part of what must be read before applying. The body is Markdown.
type Section struct{ Title, Body Text }

// Link leads to somebody else's page.
type Link struct {
	URL   string
	Label Text
}

// Fee is a dated price in cents; 0 is free.
type Fee struct {
	Cents, FurtherCopy int // FurtherCopy -1: the same as the first
	Currency           string
	LegalBasis         Text
	ValidFrom, Until   string // days; Until empty: open-ended
	Assumed            bool
}

// Window is the time in which a service can be asked for online; zero: unbounded.
type Window struct{ Opens, Closes time.Time }

// Online is where a service can be asked for online (Onlinedienst).
type Online struct {
	ID      ID // that of the service
	Name    Text
	URL     string
	Trust   string
	Region  string // ARS
	Changed time.Time
}

// Languages are those of texts, in the order in which they are written.
func Languages() []string { return []string{"de", "en"} }
