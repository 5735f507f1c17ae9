// Package bound has the largest lengths of what comes in: of strings, by their scalar or their place in the schema, and of
// lists. The descriptions of the schema state them (command describe), and package graph refuses what is longer before any
// resolver sees it.
package bound

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Bound is how long a value may be. A zero figure is none.
type Bound struct {
	Letters int // of a string, in Unicode code points
	Entries int // of a list
	// Typed is what a person types: beyond the figures the portal answers with a problem in their language, and only what is
	// more than Typos times as long, and than leastTyped, is refused before.
	Typed bool
}

// Typos is how many times as long as its bound something typed may be for the portal to judge it.
const Typos = 10

// leastTyped is how many characters of something typed reach the portal at least, so that the name of a country where two letters
// are asked for is answered with a problem.
const leastTyped = 200

// MostLetters is how many characters of a string reach the portal.
func (b Bound) MostLetters() int {
	if b.Typed && b.Letters > 0 {
		return max(leastTyped, b.most(b.Letters))
	}
	return b.most(b.Letters)
}

// MostEntries is how many entries of a list reach the portal.
func (b Bound) MostEntries() int { return b.most(b.Entries) }

func (b Bound) most(figure int) int {
	if b.Typed {
		return figure * Typos
	}
	return figure
}

// The bounds of a JSON value as it comes in. The portal answers with a problem to answers of more than 64 KiB.
const (
	JSONBytes  = 256 << 10 // names, strings and numbers, and a byte for each value
	JSONDepth  = 32
	JSONValues = 10_000
)

// The same of what gateways send of one entity.
const (
	EntityBytes  = 4 << 10
	EntityDepth  = 6
	EntityValues = 100
)

// EnumEntries is the bound of a list of enum values that has no other: no enum has as many.
const EnumEntries = 50

// Otherwise is the bound of strings that are in neither table.
func Otherwise() Bound { return Bound{Letters: 10_000, Entries: 1_000} }

// Scalars are the bounds by scalar. That of ID is stated in the description of Node.id, since ID has none of ours.
func Scalars() map[string]Bound {
	return map[string]Bound{
		"ID":           {Letters: 100},
		"UUID":         {Letters: 36},
		"Date":         {Letters: 40},
		"DateTime":     {Letters: 40},
		"LocalTime":    {Letters: 40},
		"EmailAddress": {Letters: 254, Typed: true},
		"PhoneNumber":  {Letters: 50, Typed: true},
	}
}

// OfInput is the bound of a place: its own, or, of a string, that of all inputs of its name.
func OfInput(place string, t *ast.Type) Bound {
	if b, ok := Places()[place]; ok || t.Name() != "String" {
		return b
	}
	name := strings.TrimSuffix(place, ")")
	return Names()[name[strings.LastIndexAny(name, ".(")+1:]]
}

// Names are the bounds of strings that mean the same wherever they are, by the name of the field or argument.
func Names() map[string]Bound {
	return map[string]Bound{
		"after":     {Letters: 1_000},
		"message":   {Letters: 5_000, Typed: true},
		"name":      {Letters: 100, Typed: true},
		"note":      {Letters: 2_000, Typed: true},
		"reason":    {Letters: 2_000, Typed: true},
		"reference": {Letters: 50, Typed: true},
	}
}

// Places are the bounds by place: an input field as Type.field, an argument as Type.field(argument) or @directive(argument).
func Places() map[string]Bound {
	var (
		slug   = Bound{Letters: 200}
		key    = Bound{Letters: 50} // of an area, or of LeiKa
		cursor = Bound{Letters: 1_000}
		name   = Bound{Letters: 100, Typed: true}
		hook   = Bound{Letters: 1_000, Typed: true}
	)
	return map[string]Bound{
		"MunicipalityKey.slug":              slug,
		"MunicipalityKey.ars":               key,
		"MunicipalityFilter.arsPrefix":      key,
		"MunicipalServiceSlug.municipality": slug,
		"MunicipalServiceSlug.service":      slug,
		"PublicServiceFilter.ars":           key,
		"PublicServiceFilter.kinds":         {Letters: slug.Letters, Entries: 500},
		"PublicServiceFilter.leikaKeys":     {Letters: key.Letters, Entries: 500},
		"PublicServiceFilter.text":          {Letters: 500},
		"ServiceKindKey.slug":               slug,
		"ServiceKindKey.leikaKey":           key,
		"NextSlotsPlace.region":             key,
		"Query.changes(since)":              cursor,
		"AvailabilityInput.concerns":        {Entries: 10, Typed: true},
		"BookAppointmentForInput.concerns":  {Entries: 10, Typed: true},
		"AddOpeningInput.hours":             {Entries: 50, Typed: true},
		"HoldSlotInput.concerns":            {Entries: 10, Typed: true},
		"NextSlotsInput.concerns":           {Entries: 10, Typed: true},
		"Office.availability(concerns)":     {Entries: 10, Typed: true},
		"SetOpeningHoursInput.hours":        {Entries: 50, Typed: true},
		"SetOpeningHoursInput.publicHours":  {Entries: 50, Typed: true},
		"SetPaymentMethodsInput.methods":    {Entries: 50, Typed: true},
		"Query._entities(representations)":  {Entries: 10_000}, // of eight types, 1,000 of each
		"OpenCaseInput.caseKey":             {Letters: 43, Typed: true},
		"PersonInput.givenName":             name,
		"PersonInput.familyName":            name,
		"SetContactInput.givenName":         name,
		"SetContactInput.familyName":        name,
		"PostalAddressInput.street":         name,
		"PostalAddressInput.houseNumber":    {Letters: 20, Typed: true},
		"PostalAddressInput.postalCode":     {Letters: 16, Typed: true},
		"PostalAddressInput.city":           name,
		"PostalAddressInput.country":        {Letters: 2, Typed: true},
		"RequestInformationInput.question":  {Letters: 2_000, Typed: true},
		"DispatchInput.trackingNumber":      {Letters: 60, Typed: true},
		"StartPaymentInput.returnUrl":       {Letters: 5_000, Typed: true},
		"GiveFeedbackInput.step":            {Letters: 50, Typed: true},
		"GiveFeedbackInput.message":         {Letters: 2_000, Typed: true},
		"TextInput.de":                      {Letters: 1_000, Typed: true},
		"TextInput.en":                      {Letters: 1_000, Typed: true},
		"AddPartnerKeyInput.label":          name,
		"AddPartnerKeyInput.key":            {Letters: 57, Typed: true},
		"AddWebhookEndpointInput.url":       hook,
		"AddWebhookEndpointInput.secret":    {Letters: 128, Typed: true},
		"UpdateWebhookEndpointInput.url":    hook,
		"UpdateWebhookEndpointInput.secret": {Letters: 128, Typed: true},
		"Query.__type(name)":                {Letters: 200},
		"@defer(label)":                     {Letters: 200},
	}
}
