// Package town reads and checks the file that describes one town: its municipality, offices, opening hours, counters,
// services, forms, fees, payment methods and privacy notices. It is pure: it opens the files it is given and nothing
// else, and leaves writing the rows to its caller.
//
// A town is one YAML file with longer texts and forms in files beside it:
//
//	lippe/blomberg.yaml
//	lippe/blomberg/forms/meldebescheinigung.json
//	lippe/blomberg/notices/2026-01.de.md
//
// What towns have in common stands once, in files that they name: a list of kinds, which says what services of
// different towns are the same and by which words people look for them, and a catalogue of services, of which a town
// may leave out some and say some otherwise.
//
//	lippe/shared/kinds.yaml
//	lippe/shared/catalogue.yaml
//
// Load is strict. An unknown field is a fault, so is a missing one, and all faults of a town are reported together,
// each with its file, line and field.
package town

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Town is one town's file after all checks: every reference in it resolves, and every rule named at the fields holds.
type Town struct {
	Municipality   Municipality    `yaml:"municipality"`
	KindsFile      string          `yaml:"kinds,optional" json:"-"`     // the list of kinds, relative to the town's file; needed where a service has a kind
	Catalogue      *Catalogue      `yaml:"catalogue,optional" json:"-"` // services that the town shares with others
	Notices        []Notice        `yaml:"notices"`                     // at least one, versions and dates ascending
	PaymentMethods []PaymentMethod `yaml:"paymentMethods,optional"`     // a method that isn't listed is not offered
	Offices        []Office        `yaml:"offices,optional"`
	Services       []Service       `yaml:"services,optional"`                // at least one; those of the catalogue first
	Pages          []Page          `yaml:"pages,optional" json:",omitempty"` // at most one of a kind, in the order in which they are listed
	Kinds          []Kind          `yaml:"-"`                                // of the services, in the list's order
	Occasions      []Occasion      `yaml:"-" json:",omitempty"`              // all of the list of kinds, in its order

	marks *marks
}

// File is the path of the town's own file, as it was given to Load or LoadFile.
func (t *Town) File() string { return t.marks.own.file }

// Fault returns a fault of a field of this town, with the file and line that it was read from: for what only the caller
// can see to be wrong, such as a form that changed under a version in use. The field is named by its index in Services,
// for example services[3].form.version; the fault names it as it stands in its file, the town's or the catalogue. Where
// it doesn't stand there, the line is that of the nearest field around it.
func (t *Town) Fault(field, format string, args ...any) Fault {
	d, at := t.marks.find(field)
	return Fault{File: d.file, Line: d.line(at), Field: at, Message: fmt.Sprintf(format, args...)}
}

// Text is one text in the two languages of the service. Both are always there.
type Text struct {
	DE string `yaml:"de"`
	EN string `yaml:"en"`
}

// Words are search words and synonyms; a language may have none.
type Words struct {
	DE []string `yaml:"de,optional"`
	EN []string `yaml:"en,optional"`
}

// Source says how a fact is known. Empty: from a public document. "assumed": the town's own practice is not known and
// the value stands in until the town confirms it.
type Source string

// SourceAssumed marks a value that the town has yet to confirm.
const SourceAssumed Source = "assumed"

// Sources marks single fields of a row, by their name in the file, for example {"ars": "assumed"}.
type Sources map[string]Source

// Assumed returns the names of the fields that are assumed, sorted.
func (s Sources) Assumed() []string { return slices.Sorted(maps.Keys(s)) }

// Municipality is the tenant.
type Municipality struct {
	Slug         string `yaml:"slug"`                  // lower-case words joined by hyphens
	ARS          string `yaml:"ars"`                   // Amtlicher Regionalschlüssel, 12 digits
	AGS          string `yaml:"ags"`                   // Amtlicher Gemeindeschlüssel, 8 digits, contained in the ARS
	Name         string `yaml:"name"`                  //
	Website      string `yaml:"website,optional"`      // https
	TimeZone     string `yaml:"timeZone"`              // IANA name, for example Europe/Berlin
	Holidays     string `yaml:"holidays"`              // ISO 3166-2 code of the state whose public holidays apply, for example DE-NW
	EnforceTrust bool   `yaml:"enforceTrust,optional"` // whether Service.Trust is demanded, or only shown

	Frequent []string `yaml:"frequent,optional" json:",omitempty"` // slugs of the services that are asked for most often, at most 8

	ProcessingDays int `yaml:"processingDays,optional" default:"14"` // from submission to the office's deadline, 1 to 365; see Service
	PaymentMinutes int `yaml:"paymentMinutes,optional" default:"30"` // how long a person has to pay, 5 to 1440
	GraceMinutes   int `yaml:"graceMinutes,optional" default:"1440"` // how long a paid draft may wait for its submission before it is refunded, 30 to 20160

	Source Sources `yaml:"source,optional"`
}

// Notice is one version of the privacy notice (Datenschutzerklärung, GDPR Art. 13). A version is never changed once it
// was acknowledged; a new text is a new version.
type Notice struct {
	Version   int        `yaml:"version"`   // 1 and up, unique, ascending
	ValidFrom Date       `yaml:"validFrom"` // ascending with the version; valid until the next version begins
	DE        NoticeText `yaml:"de"`
	EN        NoticeText `yaml:"en"`
}

// NoticeText is the text of a notice in one language.
type NoticeText struct {
	File   string `yaml:"file"` // relative to the town's file
	Text   string `yaml:"-"`    // Markdown
	SHA256 string `yaml:"-"`    // lower-case hex, over the bytes of Text
}

// Page is a page that the town writes itself, such as the imprint. It has a text, an address outside, or both. German is always
// there; English may be missing, as it is on a page in easy German.
type Page struct {
	Kind      PageKind  `yaml:"kind"`
	UpdatedOn Date      `yaml:"updatedOn"` // when the text was last held against what it describes
	DE        PageText  `yaml:"de"`
	EN        *PageText `yaml:"en,optional"`
	Source    Source    `yaml:"source,optional"`
}

// PageText is a page in one language.
type PageText struct {
	Title string `yaml:"title"`
	File  string `yaml:"file,optional"` // relative to the town's file; empty where the page stands elsewhere
	URL   string `yaml:"url,optional"`  // https; a page or video outside
	Text  string `yaml:"-"`             // Markdown
}

// PaymentMethod is one way to pay, for a span of time. The same method may have several rows that do not overlap.
// GIROPAY and PAYDIREKT ended on 2024-12-31, so their rows must end by then.
type PaymentMethod struct {
	Method    Method `yaml:"method"`
	Enabled   bool   `yaml:"enabled"`            // false: known and switched off
	ValidFrom Date   `yaml:"validFrom,optional"` // empty: always was
	ValidTo   Date   `yaml:"validTo,optional"`   // last day, included; empty: no end
}

// Office is a place with an address where people are served at counters.
type Office struct {
	Slug         string    `yaml:"slug"` // unique in the town
	Name         Text      `yaml:"name"`
	Address      Address   `yaml:"address"`
	Phone        string    `yaml:"phone,optional"` // E.164
	Email        string    `yaml:"email,optional"`
	Directions   Text      `yaml:"directions,optional" json:",omitzero"` // how to get there, and how to get in without steps
	StepMinutes  int       `yaml:"stepMinutes"`                          // appointments start every so many minutes of the hour: 5, 10, 15, 20, 30 or 60
	LeadMinutes  int       `yaml:"leadMinutes"`                          // the soonest start is this long after now
	HorizonDays  int       `yaml:"horizonDays"`                          // the last bookable day is this many days after today, 1 to 366
	HoldMinutes  int       `yaml:"holdMinutes"`                          // a held slot is kept this long, 1 to 60
	HoldsPerCase int       `yaml:"holdsPerCase"`                         // how many slots one case may hold at a time, 1 to 10
	OpeningHours []Hours   `yaml:"openingHours"`
	Closures     []Closure `yaml:"closures,optional"`                   // ascending, not overlapping; public holidays come on top
	Openings     []Opening `yaml:"openings,optional" json:",omitempty"` // ascending, not overlapping; they count in spite of public holidays
	Counters     []Counter `yaml:"counters"`
	Source       Sources   `yaml:"source,optional"`
}

// Address is a postal address in Germany.
type Address struct {
	Street      string `yaml:"street"`
	HouseNumber string `yaml:"houseNumber"`
	PostalCode  string `yaml:"postalCode"` // 5 digits
	City        string `yaml:"city"`
}

// Hours is one opening span on one weekday, in wall-clock time of the town's zone. All times are multiples of five
// minutes, since appointments are cut into cells of five minutes. Spans of one weekday do not overlap.
type Hours struct {
	Weekday Weekday `yaml:"weekday"`
	From    Clock   `yaml:"from"`
	To      Clock   `yaml:"to"`
	Break   *Span   `yaml:"break,optional"` // within From and To; nobody is served
}

// Span is a span of one day, To excluded.
type Span struct {
	From Clock `yaml:"from"`
	To   Clock `yaml:"to"`
}

// Closure is a span of days on which the office is closed.
type Closure struct {
	From   Date   `yaml:"from"`
	To     Date   `yaml:"to"`             // last day, included
	Hours  *Span  `yaml:"hours,optional"` // closed only between these times of each day; nil: all day
	Reason Text   `yaml:"reason"`
	Source Source `yaml:"source,optional"`
}

// Opening is a span of days on which the office has hours of their own, with all its counters, whatever day of the week it
// is, and on public holidays too. Closures count all the same.
type Opening struct {
	From   Date   `yaml:"from"`
	To     Date   `yaml:"to"`                             // last day, included
	Hours  []Span `yaml:"hours"`                          // of each of the days, ascending; at least one
	Online bool   `yaml:"online,optional" default:"true"` // can be booked online
	Reason Text   `yaml:"reason"`
	Source Source `yaml:"source,optional"`
}

// Counter is a place where one person is served at a time.
type Counter struct {
	Slug        string   `yaml:"slug"` // unique in the office
	Label       Text     `yaml:"label"`
	Services    []string `yaml:"services"`             // slugs of services with appointments
	Hours       []Hours  `yaml:"hours,optional"`       // within the office's opening hours, whose breaks hold too; empty: the office's
	PublicHours []Hours  `yaml:"publicHours,optional"` // the share of its hours that people may book online; empty: all of them
}

// Service is something that the town offers (Leistung).
type Service struct {
	Slug        string    `yaml:"slug"`              // unique in the town
	Kind        string    `yaml:"kind,optional"`     // unique in the town, one of the list; empty where the list has nothing like it
	LeikaKey    string    `yaml:"leikaKey,optional"` // 14 digits, unique in the town; empty where none is known
	Name        Text      `yaml:"name"`
	Summary     Text      `yaml:"summary"`
	Information []Section `yaml:"information"` // what must be read before applying; at least two with an online form
	Documents   []Text    `yaml:"documents,optional"`
	Channels    []Channel `yaml:"channels"`
	Links       []Link    `yaml:"links,optional"` // at least one with channel LINK

	AppointmentMinutes int  `yaml:"appointmentMinutes,optional"`        // set exactly with channel APPOINTMENT in a town with offices; a multiple of five
	MaxQuantity        int  `yaml:"maxQuantity,optional" default:"1"`   // how often it may be chosen in one appointment; the time multiplies
	Combinable         bool `yaml:"combinable,optional" default:"true"` // may share an appointment with other services

	ProcessingDays *int `yaml:"processingDays,optional"` // from submission to the office's deadline, 1 to 365; nil: the municipality's

	Authority Text `yaml:"authority,optional" json:",omitzero"` // who decides, where that is not the town

	Fees     []Fee     `yaml:"fees,optional"` // dated rows, ascending, not overlapping; on a day without a row the service is free
	FeeRules *FeeRules `yaml:"feeRules,optional"`

	Delivery Delivery   `yaml:"delivery"`
	Trust    Trust      `yaml:"trust"`             // what the law asks today of whoever applies online; see Municipality.EnforceTrust
	OpensAt  *time.Time `yaml:"opensAt,optional"`  // online from this instant
	ClosesAt *time.Time `yaml:"closesAt,optional"` // online until before this instant

	Form   *Form   `yaml:"form,optional"` // set exactly with channel ONLINE
	Words  Words   `yaml:"words,optional"`
	Source Sources `yaml:"source,optional"`
}

// Section is one part of what a person reads before applying. Body is plain text; a line break parts paragraphs.
type Section struct {
	Title Text `yaml:"title"`
	Body  Text `yaml:"body"`
}

// Link leads to a page outside, for example to the authority that really provides the service.
type Link struct {
	URL   string `yaml:"url"` // https
	Label Text   `yaml:"label"`
}

// Fee is the price of a service for a span of days.
type Fee struct {
	Cents            int    `yaml:"cents"`                     // above zero
	FurtherCopyCents int    `yaml:"furtherCopyCents,optional"` // each copy beyond the first; 0: as the first
	Currency         string `yaml:"currency"`                  // EUR
	LegalBasis       Text   `yaml:"legalBasis"`
	ValidFrom        Date   `yaml:"validFrom"`
	ValidTo          Date   `yaml:"validTo,optional"` // last day, included; empty: no end
	Source           Source `yaml:"source,optional"`
}

// FeeRules say how answers of the form change the fee. Keys and values are JSON pointers (RFC 6901) into the answers,
// checked against the form.
type FeeRules struct {
	Copies   string              `yaml:"copies,optional"`   // an integer from 1 or more to 99 or less: the number of copies
	FreeWhen map[string][]string `yaml:"freeWhen,optional"` // free when the answer at the pointer is one of the values
}

// Form is the online form of a service: a JSON Schema (draft 2020-12) with labels. See package form for its annotations.
type Form struct {
	Version int             `yaml:"version"` // 1 and up; raise it with every change, since a form in use never changes
	File    string          `yaml:"file"`    // relative to the file that names it
	Schema  json.RawMessage `yaml:"-"`       // canonical JSON: keys sorted, no white space
	Layout  json.RawMessage `yaml:"-"`       // the schema's x-layout by itself, canonical; nil where it has none
	SHA256  string          `yaml:"-"`       // lower-case hex, over Schema
}

// Online reports whether the service can be applied for in the portal.
func (s Service) Online() bool { return s.Form != nil }

// Bookable reports whether the service can be chosen as the concern of an appointment.
func (s Service) Bookable() bool { return s.AppointmentMinutes > 0 }
