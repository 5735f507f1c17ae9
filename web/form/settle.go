package form

import (
	"maps"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxRounds bounds how often rules are evaluated anew because fields went. Rules that contradict each other never settle.
const maxRounds = 10

// settled returns a copy of answers that can be saved: what could not be read, empty groups and empty entries of the
// section are left out, what is required of it there though empty, and what the rules rule out is gone, in all sections.
// With shape, empty entries of lists stay where they are, so that indexes are those of the page.
func (f *Form) settled(typed Answers, section int, shape bool) Answers {
	answers, _ := copied(typed).(map[string]any)
	if answers == nil {
		answers = Answers{}
	}
	for range maxRounds {
		for _, child := range f.root.all() {
			if f.section[child.name] == section {
				set(answers, child.name, pruned(child, answers[child.name], shape))
			}
		}
		fill(f.of(section, f.rootOf(answers).children()), answers, false)
		if !f.drop(answers) {
			break
		}
	}
	return answers
}

// rootOf returns the place of the whole form, for answers that hold nothing unread.
func (f *Form) rootOf(answers Answers) place {
	return place{field: f.root, schemas: []*jsonschema.Schema{f.root.schema}, value: answers, read: answers, shown: true, required: true}
}

// copied copies answers deeply, without what could not be read.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, inner := range v {
			set(object, name, copied(inner))
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = copied(inner)
		}
		return list
	case unread:
		return nil
	default:
		return v
	}
}

// set sets a property, or deletes it where there is no value.
func set(object map[string]any, name string, value any) {
	if value == nil {
		delete(object, name)
	} else {
		object[name] = value
	}
}

// pruned returns an answer without what is empty in it; nil where nothing is left but texts that the form fills in itself.
func pruned(f *field, v any, shape bool) any {
	switch v := v.(type) {
	case map[string]any:
		filled := false
		for _, child := range f.all() {
			set(v, child.name, pruned(child, v[child.name], shape))
			if inner, there := v[child.name]; there && (child.prefilled() == "" || inner != child.constant) {
				filled = true
			}
		}
		if f.kind == group && !filled {
			return nil
		}
		return v
	case []any:
		return prunedList(f, v, shape)
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

func prunedList(f *field, list []any, shape bool) any {
	filled := false
	kept := []any{}
	for _, entry := range list {
		if f.items != nil {
			entry = pruned(f.items, entry, shape)
		}
		filled = filled || entry != nil
		if entry != nil || shape {
			kept = append(kept, entry)
		}
	}
	if !filled {
		return nil
	}
	return kept
}

// prefilled returns the text that a field has before anybody types one: the only one that it allows; "" for others.
func (f *field) prefilled() string {
	switch f.kind {
	case text, longText, email, phone, integer, number:
		return written(f.constant, "en")
	default:
		return ""
	}
}

// fill puts empty groups and lists where such are required, so that what is missing is missing within them. fresh says
// that the group was just put there: then the texts that the form fills in itself are put there too.
func fill(places []place, object map[string]any, fresh bool) {
	for _, p := range places {
		if !p.shown {
			continue
		}
		fresh := fresh
		if p.value == nil && p.required {
			switch {
			case p.kind == group:
				p.value, fresh = map[string]any{}, true
			case p.kind == list && p.items.kind == group && p.minItems > 0:
				p.value, fresh = []any{map[string]any{}}, true
			case p.kind == list || p.kind == several:
				p.value = []any{}
			case fresh && p.prefilled() != "":
				p.value = p.constant
			}
			set(object, p.name, p.value)
		}
		p.read = p.value
		fillInside(p, fresh)
	}
}

func fillInside(p place, fresh bool) {
	if p.kind == list {
		list, _ := p.value.([]any)
		for i, entry := range p.entries() {
			if i < len(list) && list[i] != nil {
				fillInside(entry, fresh)
			}
		}
	}
	if inner, ok := p.value.(map[string]any); ok && p.kind == group {
		fill(p.children(), inner, fresh)
	}
}

// drop deletes the answers that rules rule out or the form does not know, until none is left. It reports whether it did.
func (f *Form) drop(answers Answers) bool {
	dropped := false
	for dropInside(f.rootOf(answers)) {
		dropped = true
	}
	return dropped
}

func dropInside(p place) bool {
	dropped := false
	object, ok := p.value.(map[string]any)
	if ok && p.kind == group {
		r := rulesOf(p.schemas, object)
		maps.DeleteFunc(object, func(name string, _ any) bool {
			gone := r.forbidden[name] || p.child(name) == nil
			dropped = dropped || gone
			return gone
		})
	}
	for _, inner := range p.inside() {
		if inner.value != nil {
			dropped = dropInside(inner) || dropped
		}
	}
	return dropped
}
