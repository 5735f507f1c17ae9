package town

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	slugForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	digits    = regexp.MustCompile(`^[0-9]+$`)
	phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// check holds what was decoded against the rules that need more than one value, or files.
func (l *loader) check(t *Town) {
	l.municipality(t.Municipality)
	l.notices(t.Notices)
	l.paymentMethods(t.PaymentMethods)
	l.pages(t.Pages)
	if !l.blind {
		l.services(t)
		l.frequent(t)
		l.offices(t)
	}
}

func (l *loader) municipality(m Municipality) {
	const at = "municipality"
	l.slug(m.Slug, at+".slug")
	l.digits(m.ARS, 12, at+".ars")
	l.digits(m.AGS, 8, at+".ags")
	// The ARS is the AGS with the four digits of the association of municipalities in its middle.
	if len(m.ARS) == 12 && len(m.AGS) == 8 && m.ARS[:5]+m.ARS[9:] != m.AGS {
		l.fault(at+".ars", "%s does not belong to the AGS %s", m.ARS, m.AGS)
	}
	if m.Website != "" {
		l.https(m.Website, at+".website")
	}
	// Local would be the zone of whichever machine reads it.
	if _, err := time.LoadLocation(m.TimeZone); err != nil || m.TimeZone == "Local" {
		l.fault(at+".timeZone", "%q is no IANA time zone", m.TimeZone)
	}
	states := strings.Fields("DE-BB DE-BE DE-BW DE-BY DE-HB DE-HE DE-HH DE-MV DE-NI DE-NW DE-RP DE-SH DE-SL DE-SN DE-ST DE-TH")
	if !slices.Contains(states, m.Holidays) {
		l.fault(at+".holidays", "%q is none of %s", m.Holidays, strings.Join(states, ", "))
	}
	l.within(m.ProcessingDays, 1, maxProcessingDays, at+".processingDays")
	l.within(m.PaymentMinutes, 5, 24*60, at+".paymentMinutes")
	l.within(m.GraceMinutes, 30, 14*24*60, at+".graceMinutes")
	l.sources(m.Source, m, at)
}

// maxProcessingDays is the longest that a town may promise to take.
const maxProcessingDays = 365

func (l *loader) notices(notices []Notice) {
	if len(notices) == 0 {
		l.fault("notices", "there must be at least one")
	}
	for i := range notices {
		n := &notices[i]
		at := fmt.Sprintf("notices[%d]", i)
		if n.Version < 1 {
			l.fault(at+".version", "must be 1 or more")
		}
		if i > 0 && n.Version <= notices[i-1].Version {
			l.fault(at+".version", "must be above %d, the version before", notices[i-1].Version)
		}
		if i > 0 && n.ValidFrom <= notices[i-1].ValidFrom {
			l.fault(at+".validFrom", "must be after %s, when the version before begins", notices[i-1].ValidFrom)
		}
		l.noticeText(&n.DE, at+".de.file")
		l.noticeText(&n.EN, at+".en.file")
	}
}

func (l *loader) noticeText(n *NoticeText, field string) {
	file, raw, ok := l.readBeside(n.File, field)
	if !ok {
		return
	}
	if strings.TrimSpace(string(raw)) == "" {
		l.beside = append(l.beside, Fault{File: file, Line: 1, Message: "the text is empty"})
	}
	sum := sha256.Sum256(raw)
	n.Text, n.SHA256 = string(raw), hex.EncodeToString(sum[:])
}

// EndedOn returns the last day of a method whose operator has stopped.
func (m Method) EndedOn() (last Date, stopped bool) {
	last, stopped = ended[m]
	return last, stopped
}

// ended are the methods whose operators have stopped, with their last day.
//
//nolint:gochecknoglobals // a table, never changed
var ended = map[Method]Date{Giropay: "2024-12-31", Paydirekt: "2024-12-31"}

func (l *loader) paymentMethods(methods []PaymentMethod) {
	for _, f := range CheckMethods(methods) {
		at := fmt.Sprintf("paymentMethods[%d]", f.Index)
		if f.Field != "" {
			at += "." + f.Field
		}
		if f.Rule == RuleOverlap {
			l.fault(at, "overlaps in time with paymentMethods[%d], which is %s too", f.Other, methods[f.Other].Method)
			continue
		}
		l.fault(at, "%s", f.Message)
	}
}

// CheckMethods holds dated payment methods to their rules: no row ends before it begins, a method whose operator has
// stopped ends by its last day, and no two rows of one method share a day.
func CheckMethods(methods []PaymentMethod) (faults []RowFault) {
	for i, m := range methods {
		if m.ValidFrom != "" && m.ValidTo != "" && m.ValidTo < m.ValidFrom {
			faults = append(faults, RowFault{
				Index: i, Field: "validTo", Rule: RuleOrder,
				Message: fmt.Sprintf("%s is before the first day, %s", m.ValidTo, m.ValidFrom),
			})
		}
		if last, stopped := m.Method.EndedOn(); stopped && (m.ValidTo == "" || m.ValidTo > last) {
			faults = append(faults, RowFault{
				Index: i, Field: "validTo", Rule: RuleEnded,
				Message: fmt.Sprintf("%s ended on %s, so it needs an end by then", m.Method, last),
			})
		}
		for j, other := range methods[:i] {
			if m.Method == other.Method && overlap(m.ValidFrom, m.ValidTo, other.ValidFrom, other.ValidTo) {
				faults = append(faults, RowFault{Index: i, Rule: RuleOverlap, Other: j, Message: "overlaps in time with another row of " + string(m.Method)})
			}
		}
	}
	return faults
}

// span checks that a span of days does not end before it begins.
func (l *loader) span(from, to Date, field string) {
	if from != "" && to != "" && to < from {
		l.fault(field, "%s is before the first day, %s", to, from)
	}
}

// overlap reports whether two spans of days share a day. An empty date is open.
func overlap(from, to, from2, to2 Date) bool {
	return (to2 == "" || from <= to2) && (to == "" || from2 <= to)
}

func (l *loader) slug(s, field string) {
	if !slugForm.MatchString(s) || len(s) > 60 {
		l.fault(field, "%q is no slug: lower-case letters a to z, digits and hyphens, at most 60", s)
	}
}

func (l *loader) digits(s string, n int, field string) {
	if len(s) != n || !digits.MatchString(s) {
		l.fault(field, "%q does not have %d digits", s, n)
	}
}

func (l *loader) https(s, field string) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		l.fault(field, "%q is no https address", s)
	}
}

// unique remembers which values were used by which field, and refuses the second use.
type unique map[string]string

func (l *loader) once(seen unique, value, field string) {
	if value == "" {
		return
	}
	if first, used := seen[value]; used {
		l.fault(field, "%q is used by %s already", value, l.called(first, field))
		return
	}
	seen[value] = field
}

// sources checks that the marked fields exist in the row that they stand in.
func (l *loader) sources(s Sources, row any, field string) {
	for name := range s {
		known := false
		for i := range reflect.TypeOf(row).NumField() {
			tag, _, _ := strings.Cut(reflect.TypeOf(row).Field(i).Tag.Get("yaml"), ",")
			known = known || tag == name && name != "source"
		}
		if !known {
			l.fault(join(field+".source", name), "there is no such field beside it")
		}
	}
}
