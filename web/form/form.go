// Package form turns a form of the graph (Form.schema) into pages of fields, reads what a browser posts into answers, and
// places problems beside fields.
//
// A form is JSON Schema (draft 2020-12) with labels in two languages; its description in the graph's schema says which
// keywords there are beside the standard's. The package judges no answer: the graph does. It only evaluates which fields
// are shown and which are required for the answers as they are, and reads numbers and dates as people type them.
//
// A page works without script. Its handler does this:
//
//	answers, change := f.Parse(section, r.PostForm, answers, language)
//	var faults Faults
//	if !change.Again() {
//		// Let the graph judge the answers as complete ones, and find the fields of its problems. Those of this section
//		// are shown; without any the answers are saved, as incomplete ones while other sections lack some, and the next
//		// section follows that is not Empty.
//		faults = f.Place(problems, answers).In(section)
//	}
//	view := f.View(Page{Section: section, Answers: answers, Change: change, Faults: faults, Language: language})
//	view.Errors() // for the summary above the fields
//	Fields(view)  // the fields, for a form element with method post and the attribute novalidate
//
// Posted names are JSON pointers (RFC 6901) into the answers, in which a dot of a property's name is ~2; a date is posted
// as the three names pointer.day, pointer.month and pointer.year. Beside them Fields posts "shown", "add" and "remove".
package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Answers are the answers to a form, as encoding/json decodes an object, with or without UseNumber.
type Answers = map[string]any

// Text is a text in both languages.
type Text struct{ German, English string }

// In returns the text in a language: German for "de", else English.
func (t Text) In(language string) string {
	if language == "de" {
		return t.German
	}
	return t.English
}

// Section is one page of a form.
type Section struct {
	Title  Text
	Fields []string // names of the properties that it asks for, in the order of the page
}

// Form is a form that was read. It never changes, and is safe for concurrent use.
type Form struct {
	root    *field
	section map[string]int // of each property of the root
}

// Read reads a form's schema. It returns an error where the schema isn't one of the graph's forms: where it does not
// compile, has a type or nesting that no form has, or where a layout does not name each property once.
func Read(schema json.RawMessage) (*Form, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	compiled, err := compile(doc)
	if err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	raw, _ := doc.(map[string]any)
	root, err := readField("", raw, compiled, 0)
	if err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	if root.kind != group {
		return nil, errors.New("read form: its type is not object")
	}
	f := &Form{root: root, section: map[string]int{}}
	for i, section := range root.groups {
		for _, child := range section.fields {
			f.section[child.name] = i
		}
	}
	f.findConditions(raw)
	return f, nil
}

func compile(doc any) (*jsonschema.Schema, error) {
	const at = "form:///schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(at, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

// noLoader keeps a schema from reading files or the network.
type noLoader struct{}

// Load refuses every address.
func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a form may not refer to " + url)
}

// Sections returns the pages of the form in their order.
func (f *Form) Sections() []Section {
	var all []Section
	for _, g := range f.root.groups {
		s := Section{Title: g.title}
		for _, child := range g.fields {
			s.Fields = append(s.Fields, child.name)
		}
		all = append(all, s)
	}
	return all
}

// Empty reports whether a section has no field to show for the answers as they are, so that its page can be left out.
func (f *Form) Empty(section int, answers Answers) bool {
	for _, p := range f.page(section, answers) {
		if p.shown {
			return false
		}
	}
	return true
}

// page returns the places of a section's fields, shown or not, for answers which may hold what could not be read.
func (f *Form) page(section int, typed Answers) []place {
	root := place{
		field: f.root, schemas: []*jsonschema.Schema{f.root.schema}, value: typed, read: f.settled(typed, section, true), shown: true,
	}
	return f.of(section, root.children())
}

// of returns those places of the root's properties that belong to a section.
func (f *Form) of(section int, places []place) []place {
	var some []place
	for _, p := range places {
		if f.section[p.name] == section {
			some = append(some, p)
		}
	}
	return some
}
