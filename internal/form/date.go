package form

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"nelke/internal/normal"
	"nelke/internal/schedule"
)

const (
	// PartialDate is the format of a date that may be known in part, as registers have it: 1965-06-24, 1965-06 or 1965.
	// That is also how it is kept; 1965-06-00 and 1965-00-00, as documents print it, are read as such.
	PartialDate = "partial-date"

	// PartialDatePattern says the same to validators that don't know the format, for the years from 1800 to 2099. Every
	// property of the format has it for its pattern.
	PartialDatePattern = `^((18|19|20)[0-9]{2}(-00(-00)?|-(0[1-9]|1[0-2])(-00)?|-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|-(0[469]|11)-(0[1-9]|[12][0-9]|30)|-02-(0[1-9]|1[0-9]|2[0-8]))?|((18|19)(0[48]|[2468][048]|[13579][26])|20(0[048]|[2468][048]|[13579][26]))-02-29)$`

	// MaxDaysAhead is the keyword for a date that isn't later than so many days after today: 0 for what has happened.
	// Today is the town's own day, when answers are saved and again when they are submitted. Of a date that is known in
	// part, its first day counts.
	MaxDaysAhead = "x-maxDaysAhead"
)

var partialDate = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2})?(-[0-9]{2})?$`)

// validPartialDate is the check of the format. Other values than texts are for other keywords to judge.
func validPartialDate(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	first := canonicalDate(s)
	switch len(first) {
	case len("2006"):
		first += "-01-01"
	case len("2006-01"):
		first += "-01"
	}
	var day schedule.Date
	if !partialDate.MatchString(s) || day.UnmarshalText([]byte(first)) != nil {
		return fmt.Errorf("%q is no date, whole or in part", s)
	}
	return nil
}

// canonicalDate leaves out the parts that are zeros.
func canonicalDate(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "-00"), "-00")
}

// formats registers the formats of this package. E-mail addresses are judged as everywhere else in the service.
func formats(c *jsonschema.Compiler) {
	c.RegisterFormat(&jsonschema.Format{Name: PartialDate, Validate: validPartialDate})
	for _, name := range []string{"email", "idn-email"} {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: validEmail})
	}
}

func validEmail(v any) error {
	if s, ok := v.(string); ok {
		if _, fault := normal.Email(s); fault != normal.EmailFine {
			return errors.New("no address that a mailer could write to")
		}
	}
	return nil
}

// settle brings answers into the form in which they are judged and kept, as far as that takes the schema: an empty text is
// no answer, and a date that is known in part has no zeros.
func settle(n *node, answer any) {
	switch answer := answer.(type) {
	case map[string]any:
		for name, v := range answer {
			property := n.get("properties").get(name)
			if v == "" && property.get("type").is("string") {
				delete(answer, name)
				continue
			}
			answer[name] = settled(property, v)
		}
	case []any:
		for i, v := range answer {
			answer[i] = settled(n.get("items"), v)
		}
	}
}

func settled(n *node, v any) any {
	if s, ok := v.(string); ok && n.get("format").is(PartialDate) {
		return canonicalDate(s)
	}
	if n != nil {
		settle(n, v)
	}
	return v
}

// ahead returns the dates that lie further ahead than their MaxDaysAhead allows.
func (s *Schema) ahead(n *node, answer any, path []string, today schedule.Date) []Fault {
	var faults []Fault
	switch answer := answer.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(answer)) {
			if property := n.get("properties").get(name); property != nil {
				faults = append(faults, s.ahead(property, answer[name], append(slices.Clone(path), name), today)...)
			}
		}
	case []any:
		if items := n.get("items"); items != nil {
			for i, item := range answer {
				faults = append(faults, s.ahead(items, item, append(slices.Clone(path), strconv.Itoa(i)), today)...)
			}
		}
	case string:
		days, ok := n.get(MaxDaysAhead).integer()
		if !ok || validPartialDate(answer) != nil {
			return nil
		}
		if last := today.AddDays(days).String(); len(answer) <= len(last) && answer > last[:len(answer)] {
			fault := Fault{Pointer: pointer(path), Keyword: MaxDaysAhead, Params: map[string]any{"days": days}}
			fault.Hint = s.hint(fault)
			return []Fault{fault}
		}
	}
	return faults
}
