package town

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nelke/internal/normal"
)

// decoder fills the types of this package from YAML. It differs from the library's own decoding in that it goes on
// after a fault, names fields as they stand in the file, asks for every field that isn't marked optional, and remembers
// the line of each for the checks that follow.
type decoder struct {
	file   string
	lines  map[string]int // by field, for example services[3].fees[0].cents
	faults map[string]fieldFault
	base   func(slug string) (Service, bool) // what a service of that slug begins with; nil: none begins with anything
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, lines: map[string]int{}, faults: map[string]fieldFault{}}
}

type fieldFault struct {
	line    int
	message string
}

// fault keeps the first fault of a field; what follows from it would only distract.
func (d *decoder) fault(line int, field, format string, args ...any) {
	if _, known := d.faults[field]; !known {
		d.faults[field] = fieldFault{line, fmt.Sprintf(format, args...)}
	}
}

// judge notes what a check found. A field that didn't decode, or lies in one that didn't, has its fault already.
func (d *decoder) judge(field, format string, args ...any) {
	for at := field; ; at = parent(at) {
		if _, known := d.faults[at]; known {
			return
		}
		if at == "" {
			break
		}
	}
	d.fault(d.line(field), field, format, args...)
}

// line returns the line of a field, or of the nearest one around it.
func (d *decoder) line(field string) int {
	for {
		if line, ok := d.lines[field]; ok || field == "" {
			return line
		}
		field = parent(field)
	}
}

// parent returns the field around a field: services[3] for services[3].slug, services for services[3].
func parent(field string) string {
	return field[:max(0, strings.LastIndexAny(field, ".["))]
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// parse reads one YAML document into its nodes.
func (d *decoder) parse(raw []byte) *yaml.Node {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(&doc)
	if err == nil {
		if err = dec.Decode(&more); errors.Is(err, io.EOF) {
			return doc.Content[0]
		}
		if err == nil {
			d.fault(more.Line, "", "a second document begins here; a town is one document")
			return nil
		}
	}
	if errors.Is(err, io.EOF) {
		d.fault(1, "", "the file is empty")
		return nil
	}
	line, message := 1, err.Error()
	if m := syntaxLine.FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	d.fault(line, "", "%s", message)
	return nil
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, field string, line int) {
	d.lines[field] = line
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.fault(n.Line, field, "anchors and aliases are not used here; write it out")
		return
	}
	switch v.Interface().(type) {
	case time.Time, Clock, Date:
		d.time(n, v, field)
		return
	case Service:
		if d.base == nil {
			break
		}
		if base, ok := d.base(slugIn(n)); ok {
			v.Set(reflect.ValueOf(base))
			d.object(n, v, field, line, true)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), field, line)
	case reflect.Struct:
		d.object(n, v, field, line, false)
	case reflect.Slice:
		d.list(n, v, field)
	case reflect.Map:
		d.table(n, v, field)
	case reflect.String:
		d.text(n, v, field)
	case reflect.Int:
		if s, ok := d.scalar(n, field); ok {
			i, err := strconv.Atoi(s)
			if err != nil || n.Tag != "!!int" || len(s) > 9 || (len(s) > 1 && s[0] == '0') {
				d.fault(n.Line, field, "%q is no whole number", s)
				return
			}
			v.SetInt(int64(i))
		}
	case reflect.Bool:
		if s, ok := d.scalar(n, field); ok {
			if s != "true" && s != "false" || n.Tag != "!!bool" {
				d.fault(n.Line, field, "%q is neither true nor false", s)
			}
			v.SetBool(s == "true")
		}
	}
}

// time reads an instant, a time of day or a date.
func (d *decoder) time(n *yaml.Node, v reflect.Value, field string) {
	s, ok := d.scalar(n, field)
	if !ok {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			d.fault(n.Line, field, "%q is no instant like 2026-11-22T08:00:00+01:00", s)
		}
		v.Set(reflect.ValueOf(t))
	case Clock:
		c, err := parseClock(s)
		if err != nil {
			d.fault(n.Line, field, "%v", err)
		}
		v.Set(reflect.ValueOf(c))
	case Date:
		if err := Date(s).check(); err != nil {
			d.fault(n.Line, field, "%v", err)
			return
		}
		v.SetString(s)
	}
}

func (d *decoder) scalar(n *yaml.Node, field string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n.Line, field, "must be a single value")
		return "", false
	}
	return n.Value, true
}

// unshown is the fault of a text that no reader should be shown.
const unshown = "has characters that can't be shown: control characters, or such that turn the direction of writing"

// text takes strings only. A number without quotes would lose its leading zeros to other readers of the file.
func (d *decoder) text(n *yaml.Node, v reflect.Value, field string) {
	s, ok := d.scalar(n, field)
	if !ok {
		return
	}
	if n.Tag != "!!str" {
		d.fault(n.Line, field, "must be a text: put it in quotes")
		return
	}
	if strings.TrimSpace(s) == "" {
		d.fault(n.Line, field, "is empty")
		return
	}
	if word, ok := v.Interface().(interface{ values() []string }); ok && !slices.Contains(word.values(), s) {
		d.fault(n.Line, field, "%q is none of %s", s, strings.Join(word.values(), ", "))
		return
	}
	kept, ok := normal.Lines(s)
	if !ok {
		d.fault(n.Line, field, unshown)
		return
	}
	v.SetString(kept)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, field string) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n.Line, field, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", field, i)
		if isNull(item) {
			d.fault(item.Line, at, "is empty")
			continue
		}
		d.value(item, v.Index(i), at, item.Line)
	}
}

// table fills a map from text to something.
func (d *decoder) table(n *yaml.Node, v reflect.Value, field string) {
	if n.Kind != yaml.MappingNode {
		d.fault(n.Line, field, "must be a mapping")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, item := n.Content[i], n.Content[i+1]
		at := join(field, key.Value)
		entry := reflect.New(v.Type().Elem()).Elem()
		switch name := reflect.ValueOf(key.Value); {
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str":
			d.fault(key.Line, field, "a key is not a text")
		case v.MapIndex(name).IsValid():
			d.fault(key.Line, at, "stands here twice")
		case isNull(item):
			d.fault(key.Line, at, "is empty")
		default:
			d.value(item, entry, at, key.Line)
			v.SetMapIndex(name, entry)
		}
	}
}

// object fills a struct. Over one that is filled already nothing is missing, and what stands here replaces what was
// there, field by field and each field whole.
func (d *decoder) object(n *yaml.Node, v reflect.Value, field string, line int, over bool) {
	if n.Kind != yaml.MappingNode {
		d.fault(n.Line, field, "must be a mapping")
		return
	}
	type slot struct {
		value    reflect.Value
		optional bool
		standard string // the value where none is given
		seen     bool
	}
	reset := func(name string, s *slot) {
		s.value.SetZero()
		if s.standard == "" {
			return
		}
		tag := "!!int"
		if s.value.Kind() == reflect.Bool {
			tag = "!!bool"
		}
		d.value(&yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s.standard}, s.value, join(field, name), line)
	}
	slots := map[string]*slot{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || name == "" {
			continue
		}
		slots[name] = &slot{value: v.Field(i), optional: option == "optional", standard: f.Tag.Get("default")}
		if !over {
			reset(name, slots[name])
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, item := n.Content[i], n.Content[i+1]
		at := join(field, key.Value)
		s := slots[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || s == nil:
			d.fault(key.Line, at, "unknown field")
		case s.seen:
			d.fault(key.Line, at, "stands here twice")
		default:
			s.seen = true
			reset(key.Value, s)
			d.lines[at] = key.Line
			if !isNull(item) {
				d.value(item, s.value, at, key.Line)
			} else if !s.optional {
				d.fault(key.Line, at, "is empty")
			}
		}
	}
	for name, s := range slots {
		if !s.seen && !s.optional && !over {
			d.fault(line, join(field, name), "missing")
		}
	}
}

// slugIn returns the slug in a mapping; empty where it has none.
func slugIn(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "slug" {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// plainKey is a key that needs no quotes behind a dot.
var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

func join(field, name string) string {
	switch {
	case !plainKey.MatchString(name):
		return fmt.Sprintf("%s[%q]", field, name)
	case field == "":
		return name
	}
	return field + "." + name
}
