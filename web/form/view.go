package form

import (
	"slices"
)

// Page says what View shows.
type Page struct {
	Section  int
	Answers  Answers
	Change   Change // of the page that was posted; the zero value where none was
	Faults   Faults // beside those of Change
	Language string // "de", else English
}

// View is a page of fields, ready to be rendered by Fields.
type View struct {
	controls []control
	errors   []Error
}

// Error is an entry of the summary above a page's fields.
type Error struct {
	ID      string // of the input to which the entry leads; "" where the page has none for it
	Message string
}

// Errors returns what is wrong on the page, in the order of its fields, and then what concerns no field of it.
func (v *View) Errors() []Error { return v.errors }

// View makes the page of a section. Faults of other sections are left out.
func (f *Form) View(page Page) *View {
	typed := page.Answers
	if page.Change.typed != nil {
		typed = page.Change.typed
	}
	b := &builder{
		shared: &shared{language: page.Language, words: wordsIn(page.Language)}, faults: slices.Concat(page.Change.Faults, page.Faults),
	}
	v := &View{}
	for _, p := range f.page(page.Section, typed) {
		v.controls = append(v.controls, b.control(p, false))
	}
	for _, c := range v.controls {
		v.errors = append(v.errors, c.errors()...)
	}
	for _, fault := range b.faults {
		if fault.Section == -1 || fault.Section == page.Section && !b.placed[fault.Pointer] {
			v.errors = append(v.errors, Error{Message: fault.Message.In(page.Language)})
		}
	}
	if len(v.errors) == 0 && page.Change.focus != "" { // else the summary takes the focus
		v.find(page.Change.focus, func(found control) { b.shared.autofocus = found.returnID() })
	}
	return v
}

// find calls found for the control of a pointer.
func (v *View) find(at string, found func(control)) {
	for _, c := range v.controls {
		c.each(func(inner control) {
			if inner.pointer == at {
				found(inner)
			}
		})
	}
}

// hasButtons reports whether a button of the fields would be the form's first one.
func (v *View) hasButtons() bool {
	buttons := false
	for _, c := range v.controls {
		c.each(func(inner control) { buttons = buttons || inner.kind == list })
	}
	return buttons
}

// control is a field as it is rendered, with its texts in the language of the page.
type control struct {
	*shared
	kind         kind
	pointer      string
	label, hint  string
	optional     bool
	fault        string
	faultyPart   string // the input of a date that is at fault; "" for all
	value        string
	inputs       []dateInput
	options      []radio
	selects      bool // whether the options are those of a select element
	chosen       bool // of an agreement
	autocomplete string
	inputMode    string
	maxLength    int // 0: unbounded
	conditional  bool
	disabled     bool
	hidden       bool   // whether it waits for another answer on the page
	when, is     string // the name of that answer, and the values that show the field, separated by spaces
	groups       []controlGroup
	entries      []control
	removable    bool   // of the entry of a list
	add          string // what the button that adds an entry says; "" where there is none
}

// shared is what all controls of a page share.
type shared struct {
	language  string
	words     words
	autofocus string // id of what takes the focus; "" for nothing
}

type dateInput struct{ part, label, value, autocomplete string }

type radio struct {
	value, label string
	chosen       bool
}

type controlGroup struct {
	title    string
	controls []control
}

func (c control) id() string      { return identifier("f", c.pointer) }
func (c control) hintID() string  { return identifier("h", c.pointer) }
func (c control) errorID() string { return identifier("e", c.pointer) }
func (c control) addID() string   { return identifier("a", c.pointer) }

func (c control) optionID(value string) string { return c.id() + "-" + coded(value) }
func (c control) partID(part string) string    { return c.id() + "-" + part }

// describedBy returns the ids of the hint and the error; "" where there are none.
func (c control) describedBy() string {
	switch {
	case c.hint != "" && c.fault != "":
		return c.hintID() + " " + c.errorID()
	case c.hint != "":
		return c.hintID()
	case c.fault != "":
		return c.errorID()
	default:
		return ""
	}
}

// focusID returns the id of the control's first input, or of the one at fault.
func (c control) focusID() string {
	switch c.kind {
	case group:
		for _, g := range c.groups {
			for _, inner := range g.controls {
				if !inner.hidden {
					return inner.focusID()
				}
			}
		}
	case list:
		if len(c.entries) > 0 {
			return c.entries[0].focusID()
		}
		if c.add != "" {
			return c.addID()
		}
	case choice, yesNo, several:
		if !c.selects && len(c.options) > 0 {
			return c.optionID(c.options[0].value)
		}
	case date, partialDate:
		if c.faultyPart != "" {
			return c.partID(c.faultyPart)
		}
		return c.partID(dateParts[0])
	}
	return c.id()
}

// returnID returns the id of what takes the focus after a change of the control: of a list the button that adds an entry.
func (c control) returnID() string {
	if c.kind == list && c.add != "" {
		return c.addID()
	}
	return c.focusID()
}

// faultyInput reports whether an input of a date is at fault.
func (c control) faultyInput(part string) bool {
	return c.fault != "" && (c.faultyPart == "" || c.faultyPart == part)
}

// each calls visit for the control and all within it, in the order of the page.
func (c control) each(visit func(control)) {
	visit(c)
	for _, g := range c.groups {
		for _, inner := range g.controls {
			inner.each(visit)
		}
	}
	for _, entry := range c.entries {
		entry.each(visit)
	}
}

func (c control) errors() []Error {
	var all []Error
	c.each(func(inner control) {
		if inner.fault != "" {
			all = append(all, Error{inner.focusID(), inner.fault})
		}
	})
	return all
}
