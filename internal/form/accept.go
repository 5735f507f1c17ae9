package form

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"nelke/internal/normal"
	"nelke/internal/schedule"
)

const (
	// MaxSize bounds answers, in bytes of their canonical JSON. The longest form, filled to its last character with
	// letters of four bytes, has less than half of that.
	MaxSize = 64 << 10
	// maxRaw bounds answers as they come, in bytes: white space and escapes included.
	maxRaw = 4 * MaxSize
	// maxFaults bounds what is said about answers that are wrong throughout. Nobody mends more at once.
	maxFaults = 100
)

// Accept reads answers as they come from a person, JSON, and holds them against the form. What it accepts it returns as
// canonical JSON (names sorted, no white space, numbers in one spelling); that is how answers are stored for good, and
// Accept gives it back unchanged. Texts come into one form before they are judged (see normal.Lines): NFC, no invisible
// characters, no white space at the ends. An empty one is no answer. What it refuses it returns as faults, sorted by pointer, and no more than a hundred.
//
// today is the day that dates are held against (see MaxDaysAhead).
//
// With incomplete, a fault is left out if more answers could still mend it: properties added to objects and items to
// lists, while nothing that is there changes or goes. So required, minItems and their like ask for nothing yet, and what
// holds only under a condition holds once nothing more can turn the condition. That is judged rule by rule: two rules
// which can't both be met in the end may both be let pass, until the answers are complete.
//
// Answers that can't be relied on are refused before the form is asked: no JSON object, or too deep (type); broken UTF-8
// or a control character other than tab and line break, or one that turns the direction of writing around, in a text or a
// name (text); a property twice in one object (duplicate); more than MaxSize bytes (size).
func (s *Schema) Accept(answers []byte, incomplete bool, today schedule.Date) (canonical string, faults []Fault) {
	value, faults := readAnswers(answers)
	if len(faults) > 0 {
		return "", first(sorted(faults))
	}
	settle(s.root, value)
	canonical, err := encode(value)
	if err != nil {
		return "", []Fault{unreadable()}
	}
	if len(canonical) > MaxSize {
		return "", []Fault{tooLarge()}
	}
	form := s.whole
	if incomplete {
		form = s.soFar
	}
	if faults = sorted(append(s.judge(form, value), s.ahead(s.root, value, nil, today)...)); len(faults) > 0 {
		return "", first(faults)
	}
	return canonical, nil
}

func first(faults []Fault) []Fault { return faults[:min(len(faults), maxFaults)] }

func unreadable() Fault {
	return Fault{Keyword: "type", Params: map[string]any{"type": []string{"object"}}}
}

func tooLarge() Fault { return Fault{Keyword: "size", Params: map[string]any{"limit": MaxSize}} }

// answersReader reads answers token by token: encoding/json by itself takes the last of two equal names, and mends
// broken text without a word.
type answersReader struct {
	dec    *json.Decoder
	path   []string // to what is being read
	faults []Fault
}

// readAnswers reads one JSON object, with numbers as int64 or float64.
func readAnswers(raw []byte) (any, []Fault) {
	if len(raw) > maxRaw {
		return nil, []Fault{tooLarge()}
	}
	if !json.Valid(raw) {
		return nil, []Fault{unreadable()}
	}
	r := &answersReader{dec: json.NewDecoder(bytes.NewReader(raw))}
	r.dec.UseNumber()
	value, ok := r.value()
	if _, object := value.(map[string]any); ok && !object {
		return nil, []Fault{unreadable()}
	}
	return value, r.faults
}

// fault notes what is wrong with the value at the path. It reports whether reading goes on.
func (r *answersReader) fault(keyword string) bool {
	r.faults = append(r.faults, Fault{Pointer: pointer(r.path), Keyword: keyword})
	return len(r.faults) < maxFaults
}

// value reads the next value. It returns false when reading ends early, with a fault noted.
func (r *answersReader) value() (any, bool) {
	if len(r.path) > maxDepth {
		r.fault("type")
		return nil, false
	}
	token, err := r.dec.Token()
	if err != nil { // not after json.Valid
		r.fault("type")
		return nil, false
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return r.list()
		}
		return r.object()
	case json.Number:
		n, err := number(v)
		if err != nil {
			return nil, r.fault("type")
		}
		return n, true
	case string:
		kept, ok := normal.Lines(v)
		if !ok {
			return nil, r.fault("text")
		}
		return kept, true
	default: // nil, true and false
		return v, true
	}
}

func (r *answersReader) list() (any, bool) {
	list := []any{}
	for r.dec.More() {
		r.path = append(r.path, strconv.Itoa(len(list)))
		item, ok := r.value()
		if !ok {
			return nil, false
		}
		r.path = r.path[:len(r.path)-1]
		list = append(list, item)
	}
	_, err := r.dec.Token()
	return list, err == nil
}

func (r *answersReader) object() (any, bool) {
	object := map[string]any{}
	for r.dec.More() {
		token, err := r.dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			r.fault("type")
			return nil, false
		}
		r.path = append(r.path, name)
		if strings.ContainsFunc(name, normal.Unfit) && !r.fault("text") {
			return nil, false
		}
		if _, twice := object[name]; twice && !r.fault("duplicate") {
			return nil, false
		}
		if object[name], ok = r.value(); !ok {
			return nil, false
		}
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.dec.Token()
	return object, err == nil
}
