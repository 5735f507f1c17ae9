package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// builder makes the controls of a page.
type builder struct {
	shared *shared
	faults Faults
	placed map[string]bool // pointers of controls that show their faults
}

// control makes the control of a place; disabled says that the group around it is hidden.
func (b *builder) control(p place, disabled bool) control {
	c := control{
		shared: b.shared, kind: p.kind, pointer: p.pointer, label: p.label.In(b.shared.language), hint: p.hint.In(b.shared.language),
		optional: !p.required && !p.wanted, autocomplete: p.autocomplete, inputMode: p.inputMode,
		conditional: p.conditional, disabled: disabled || !p.shown, hidden: !p.shown,
	}
	if !p.separable {
		c.maxLength = p.maxLength
	}
	if p.when != nil {
		c.when, c.is = p.condition()
	}
	b.judge(&c)
	switch p.kind {
	case group:
		c.groups = b.groups(p, c.disabled)
	case list:
		b.list(&c, p)
	case choice, yesNo, several:
		c.options, c.selects = b.options(p), p.selects()
	case agreement:
		c.chosen = p.value == true
	case date, partialDate:
		c.inputs = b.dateInputs(p)
	default:
		c.value = b.typed(p)
	}
	return c
}

// judge gives a control what is wrong with it.
func (b *builder) judge(c *control) {
	if c.disabled {
		return
	}
	var messages, parts []string
	for _, fault := range b.faults {
		if fault.Pointer == c.pointer {
			messages, parts = append(messages, fault.Message.In(b.shared.language)), append(parts, fault.Part)
		}
	}
	c.fault = strings.Join(messages, " ")
	if len(parts) == 1 {
		c.faultyPart = parts[0]
	}
	if b.placed == nil {
		b.placed = map[string]bool{}
	}
	b.placed[c.pointer] = true
}

// condition returns the simple condition of a place: the name of an answer, and the values that show the field.
func (p place) condition() (name, values string) {
	var all []string
	for _, v := range p.when.values {
		all = append(all, fmt.Sprint(v))
	}
	return pointer(p.pointer[:strings.LastIndex(p.pointer, "/")], p.when.name), strings.Join(all, " ")
}

func (b *builder) groups(p place, disabled bool) []controlGroup {
	children := p.children()
	var all []controlGroup
	for _, g := range p.groups {
		shown := controlGroup{title: g.title.In(b.shared.language)}
		for _, child := range children {
			for _, f := range g.fields {
				if child.field == f {
					shown.controls = append(shown.controls, b.control(child, disabled))
				}
			}
		}
		if len(shown.controls) > 0 {
			all = append(all, shown)
		}
	}
	return all
}

func (b *builder) list(c *control, p place) {
	name := p.items.label.In(b.shared.language)
	entries := p.entries()
	least := p.minItems
	if p.required {
		least = max(least, 1)
	} else if least == 1 {
		least = 0
	}
	for i, entry := range entries {
		inner := b.control(entry, c.disabled)
		inner.label = strings.TrimSpace(name+" ") + " " + strconv.Itoa(i+1)
		if name == "" {
			inner.label = b.shared.words.entry + " " + strconv.Itoa(i+1)
		}
		inner.removable = len(entries) > least
		c.entries = append(c.entries, inner)
	}
	if len(entries) < p.maxItems {
		c.add = b.shared.words.addNamed(name)
	}
}

// options returns what a choice offers; where radio buttons may be left out, also to give no answer, since they can't be
// switched off.
func (b *builder) options(p place) []radio {
	var all []radio
	if p.kind == yesNo {
		all = []radio{{"true", b.shared.words.yes, p.value == true}, {"false", b.shared.words.no, p.value == false}}
	}
	chosen := listOf(p.value)
	if p.kind == choice {
		chosen = []any{p.value}
	}
	for _, o := range p.options {
		all = append(all, radio{o.value, o.label.In(b.shared.language), slices.Contains(chosen, any(o.value))})
	}
	if p.kind != several && !p.selects() && !p.required && !p.wanted {
		none := !slices.ContainsFunc(all, func(o radio) bool { return o.chosen })
		all = append(all, radio{"", b.shared.words.noAnswer, none})
	}
	return all
}

// selects reports whether a choice is a select element rather than radio buttons.
func (f *field) selects() bool { return f.kind == choice && len(f.options) > maxRadios }

func (b *builder) dateInputs(p place) []dateInput {
	var typed [3]string
	switch v := p.value.(type) {
	case unread:
		typed = v.typed
	case string:
		parts := strings.SplitN(v, "-", 3)
		for i, part := range parts {
			typed[2-i] = strings.TrimLeft(part, "0")
		}
		typed[2] = parts[0]
	}
	words := b.shared.words
	var all []dateInput
	for i, label := range []string{words.day, words.month, words.year} {
		in := dateInput{part: dateParts[i], label: label, value: typed[i]}
		if strings.HasSuffix(p.autocomplete, "bday") {
			in.autocomplete = p.autocomplete + "-" + in.part
		}
		all = append(all, in)
	}
	return all
}

// typed returns what a text input holds: what was typed, or the answer, or the only one that is allowed.
func (b *builder) typed(p place) string {
	switch v := p.value.(type) {
	case unread:
		return v.typed[0]
	case nil:
		if p.required && !p.entry {
			return written(p.constant, b.shared.language)
		}
		return ""
	default:
		return written(v, b.shared.language)
	}
}

// words are the texts of fields that no form has.
type words struct {
	optional, yes, no, noAnswer, choose, day, month, year, problem, entry, add, remove string

	german bool
}

func wordsIn(language string) words {
	if language == "de" {
		return words{
			"(freiwillig)", "Ja", "Nein", "Keine Angabe", "Bitte wählen", "Tag", "Monat", "Jahr", "Fehler:", "Eintrag",
			"Weiteren Eintrag hinzufügen", "Entfernen", true,
		}
	}
	return words{
		"(optional)", "Yes", "No", "No answer", "Please choose", "Day", "Month", "Year", "Error:", "Entry",
		"Add another entry", "Remove", false,
	}
}

// addNamed returns what the button says that adds an entry of a name, which may be empty.
func (w words) addNamed(name string) string {
	switch {
	case name == "":
		return w.add
	case w.german:
		return name + " hinzufügen"
	}
	first, size := utf8.DecodeRuneInString(name)
	if second, _ := utf8.DecodeRuneInString(name[size:]); unicode.IsLower(second) {
		name = string(unicode.ToLower(first)) + name[size:]
	}
	return "Add " + name
}
