package form

import (
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// place is a field where it stands in answers.
type place struct {
	*field
	pointer  string
	schemas  []*jsonschema.Schema // all that say something about its answer
	value    any                  // its answer, which may hold what could not be read; nil where there is none
	read     any                  // its answer as the rules see it
	shown    bool                 // false for a field that only a script may show at once
	required bool
	wanted   bool // whether a choice names it that nothing else meets
	entry    bool // whether it is the entry of a list
}

// maxBlank bounds the empty entries that a list shows because of its minItems.
const maxBlank = 20

// object returns the answer of a group as the rules see it; an empty one where there is none.
func (p place) object() map[string]any {
	if read := object(p.read); read != nil {
		return read
	}
	return map[string]any{}
}

// children returns the fields of a group in the order of the page: those that are shown, and those that one answer on the
// same page would bring.
func (p place) children() []place {
	value, read := object(p.value), p.object()
	now := rulesOf(p.schemas, read)
	var all []place
	for _, child := range p.all() {
		r := now
		if now.forbidden[child.name] {
			if child.when == nil {
				continue
			}
			r = rulesOf(p.schemas, child.when.supposed(read))
			if r.forbidden[child.name] {
				continue
			}
		}
		all = append(all, place{
			field: child, pointer: pointer(p.pointer, child.name), schemas: r.property(child.name),
			value: value[child.name], read: read[child.name], shown: !now.forbidden[child.name],
			required: r.required[child.name], wanted: r.wanted[child.name],
		})
	}
	return all
}

// entries returns the entries of a list, those included that are shown empty.
func (p place) entries() []place {
	value, _ := p.value.([]any)
	read, _ := p.read.([]any)
	n := len(value)
	if n > 0 || p.required || p.wanted {
		n = max(n, min(p.minItems, maxBlank), 1)
	}
	schemas := rulesOf(p.schemas, p.read).items()
	var all []place
	for i := range n {
		e := place{field: p.items, pointer: pointer(p.pointer, strconv.Itoa(i)), schemas: schemas, shown: p.shown, required: true, entry: true}
		if i < len(value) {
			e.value = value[i]
		}
		if i < len(read) {
			e.read = read[i]
		}
		all = append(all, e)
	}
	return all
}

// inside returns what is shown within a group or a list.
func (p place) inside() []place {
	switch p.kind {
	case group:
		return slices.DeleteFunc(p.children(), func(child place) bool { return !child.shown })
	case list:
		return p.entries()
	default:
		return nil
	}
}

// walk calls visit for what is shown within a place, in the order of the page, each before what is within it.
func (p place) walk(visit func(place)) {
	for _, inner := range p.inside() {
		visit(inner)
		inner.walk(visit)
	}
}

// when is the simple condition under which a field is shown: another answer of the same object and page is one of some
// values.
type when struct {
	name   string
	values []any // texts without white space, or booleans
}

// supposed returns a copy of an object in which the condition holds.
func (w *when) supposed(object map[string]any) map[string]any {
	supposed := maps.Clone(object)
	supposed[w.name] = w.values[0]
	return supposed
}

func sortedNames(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
