package town

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nelke/internal/form"
)

func (l *loader) services(t *Town) {
	services := t.Services
	if len(services) == 0 {
		l.fault("services", "there must be at least one")
	}
	if t.KindsFile == "" && slices.ContainsFunc(services, func(s Service) bool { return s.Kind != "" }) {
		l.fault("kinds", "missing: a service has a kind")
	}
	slugs, kinds, keys, forms := unique{}, unique{}, unique{}, unique{}
	for i := range services {
		s := &services[i]
		at := fmt.Sprintf("services[%d]", i)
		l.slug(s.Slug, at+".slug")
		l.once(slugs, s.Slug, at+".slug")
		l.once(kinds, s.Kind, at+".kind")
		if s.LeikaKey != "" {
			l.digits(s.LeikaKey, 14, at+".leikaKey")
			l.once(keys, s.LeikaKey, at+".leikaKey")
		}
		l.kind(*s, at)
		l.channels(*s, at)
		l.appointment(*s, len(t.Offices) > 0, at)
		if s.ProcessingDays != nil {
			l.within(*s.ProcessingDays, 1, maxProcessingDays, at+".processingDays")
		}
		l.fees(s.Fees, at+".fees")
		if s.OpensAt != nil && s.ClosesAt != nil && !s.ClosesAt.After(*s.OpensAt) {
			l.fault(at+".closesAt", "is not after opensAt")
		}
		l.sources(s.Source, *s, at)
		answers := l.form(s.Form, at+".form")
		if s.Form != nil && s.Form.SHA256 != "" {
			l.once(forms, s.Form.SHA256, at+".form.file")
		}
		l.feeRules(*s, answers, at)
	}
}

func (l *loader) channels(s Service, at string) {
	if len(s.Channels) == 0 {
		l.fault(at+".channels", "there must be at least one")
	}
	seen := unique{}
	for i, c := range s.Channels {
		l.once(seen, string(c), fmt.Sprintf("%s.channels[%d]", at, i))
	}
	has := func(c Channel) bool { return slices.Contains(s.Channels, c) }
	switch {
	case has(Online) && s.Form == nil:
		l.fault(at+".form", "missing: channel ONLINE needs a form")
	case !has(Online) && s.Form != nil:
		l.fault(at+".form", "there is no channel ONLINE for it")
	}
	if has(Online) && len(s.Information) < 2 {
		l.fault(at+".information", "a service with an online form needs at least two sections")
	}
	if has(LinkOut) && len(s.Links) == 0 {
		l.fault(at+".links", "missing: channel LINK needs one")
	}
	for i, link := range s.Links {
		l.https(link.URL, fmt.Sprintf("%s.links[%d].url", at, i))
	}
}

// appointment checks what a visit takes. Where the town has no office here, people are served by appointment or without
// one, and nothing of it can be booked: then there is nothing to say.
func (l *loader) appointment(s Service, offices bool, at string) {
	switch visit := slices.Contains(s.Channels, Appointment); {
	case visit && s.AppointmentMinutes == 0 && !offices:
	case visit && s.AppointmentMinutes == 0:
		l.fault(at+".appointmentMinutes", "missing: channel APPOINTMENT needs it")
	case !visit && s.AppointmentMinutes != 0:
		l.fault(at+".appointmentMinutes", "there is no channel APPOINTMENT for it")
	case visit:
		l.within(s.AppointmentMinutes, cell, 240, at+".appointmentMinutes")
		if s.AppointmentMinutes%cell != 0 {
			l.fault(at+".appointmentMinutes", "%d is no multiple of five minutes", s.AppointmentMinutes)
		}
	}
	l.within(s.MaxQuantity, 1, 20, at+".maxQuantity")
}

func (l *loader) fees(fees []Fee, field string) {
	for i, f := range fees {
		at := fmt.Sprintf("%s[%d]", field, i)
		l.within(f.Cents, 1, 99_999_900, at+".cents") // the ceiling of XBezahldienste, 999999 EUR
		l.within(f.FurtherCopyCents, 0, 99_999_900, at+".furtherCopyCents")
		if f.Currency != "EUR" {
			l.fault(at+".currency", "%q is not EUR", f.Currency)
		}
		l.span(f.ValidFrom, f.ValidTo, at+".validTo")
		if i == 0 {
			continue
		}
		before := fees[i-1]
		switch {
		case f.ValidFrom <= before.ValidFrom:
			l.fault(at+".validFrom", "must be after %s, when the row before begins", before.ValidFrom)
		case overlap(f.ValidFrom, f.ValidTo, before.ValidFrom, before.ValidTo):
			l.fault(at+".validFrom", "overlaps in time with %s", l.called(fmt.Sprintf("%s[%d]", field, i-1), at))
		}
	}
}

// feeRules checks pointers and values against the form. answers is nil without a form that can be read.
func (l *loader) feeRules(s Service, answers *form.Inspected, at string) {
	rules := s.FeeRules
	if rules == nil {
		rules = &FeeRules{}
	}
	for i, f := range s.Fees {
		if f.FurtherCopyCents > 0 && rules.Copies == "" && s.Form != nil {
			l.fault(fmt.Sprintf("%s.fees[%d].furtherCopyCents", at, i), "needs feeRules.copies to know the number of copies")
		}
	}
	at += ".feeRules"
	if s.FeeRules == nil {
		return
	}
	if s.Form == nil {
		l.fault(at, "there is no form for it")
	}
	if answers == nil {
		return
	}
	if rules.Copies != "" {
		l.copies(s.Form.Schema, rules.Copies, answers, at+".copies")
	}
	for _, pointer := range slices.Sorted(maps.Keys(rules.FreeWhen)) {
		field := join(at+".freeWhen", pointer)
		if _, ok := answers.Type(pointer); !ok {
			l.fault(field, "the form has no property %q", pointer)
			continue
		}
		if len(rules.FreeWhen[pointer]) == 0 {
			l.fault(field, "there must be at least one")
		}
		for i, value := range rules.FreeWhen[pointer] {
			if !slices.Contains(answers.Values(pointer), value) {
				l.fault(fmt.Sprintf("%s[%d]", field, i), "%q is no value of %q in the form", value, pointer)
			}
		}
	}
}

// maxCopies is how many copies one application may ask for. Together with the ceiling of a fee it bounds what is due.
const maxCopies = 99

// copies checks the answer that the fee is multiplied by: an integer that the form bounds.
func (l *loader) copies(schema json.RawMessage, pointer string, answers *form.Inspected, field string) {
	kind, ok := answers.Type(pointer)
	switch {
	case !ok:
		l.fault(field, "the form has no property %q", pointer)
		return
	case kind != "integer":
		l.fault(field, "%q is of type %s in the form, not integer", pointer, kind)
		return
	}
	low, high := bounds(schema, pointer)
	if low == nil || *low < 1 {
		l.fault(field, "%q needs a minimum of 1 or more in the form", pointer)
	} else if high == nil || *high > maxCopies {
		l.fault(field, "%q needs a maximum of %d or less in the form", pointer, maxCopies)
	}
}

// bounds are minimum and maximum of the number at a pointer into the answers, as far as the form has them.
func bounds(schema json.RawMessage, pointer string) (low, high *float64) {
	type property struct {
		Properties       map[string]property
		Minimum, Maximum *float64
	}
	var at property
	if err := json.Unmarshal(schema, &at); err != nil {
		return nil, nil
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		at = at.Properties[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	return at.Minimum, at.Maximum
}

// form reads and inspects a form's schema. Its faults name the schema's own file and line.
func (l *loader) form(f *Form, at string) *form.Inspected {
	if f == nil {
		return nil
	}
	if f.Version < 1 {
		l.fault(at+".version", "must be 1 or more")
	}
	file, raw, ok := l.readBeside(f.File, at+".file")
	if !ok {
		return nil
	}
	inspected, faults := form.Inspect(raw)
	for _, fault := range faults {
		l.beside = append(l.beside, Fault{File: file, Line: fault.Line, Field: fault.Pointer, Message: fault.Message})
	}
	if len(faults) > 0 {
		return nil
	}
	schema, err := form.Canonical(raw)
	if err != nil {
		l.fault(at+".file", "%v", err)
		return nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(schema, &top); err != nil {
		l.fault(at+".file", "%v", err)
		return nil
	}
	sum := sha256.Sum256(schema)
	f.Schema, f.Layout, f.SHA256 = schema, top[form.Layout], hex.EncodeToString(sum[:])
	return inspected
}
