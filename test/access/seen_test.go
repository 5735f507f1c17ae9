package access_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// observer notes who saw what, whichever way: it walks through answers along the schema, and for every field with
// something in it notes the line of the table, the thing and the actor.
type observer struct {
	shape
	names  map[string]string // of things, by id
	seen   map[string]map[string]map[byte]bool
	strays map[string]bool // what no line has a place for, or nobody may see
	fields int             // how many were looked at
	moving bool            // whether writes have begun: there may be something then where there was nothing
}

func newObserver(s shape) *observer {
	return &observer{shape: s, names: map[string]string{}, seen: map[string]map[string]map[byte]bool{}, strays: map[string]bool{}}
}

// value notes what stands in a field, or in a list of it, and walks on through it. owner is the thing that it is part of.
func (o *observer) value(actor byte, line, typ string, v gjson.Result, owner string) {
	switch {
	case v.Type == gjson.Null:
		return
	case v.IsArray() && typ != "JSON":
		for _, element := range v.Array() {
			o.value(actor, line, typ, element, owner)
		}
		return
	}
	if v.IsObject() && v.Get("__typename").Exists() {
		typ = v.Get("__typename").String()
	}
	owner = o.thing(typ, v, owner)
	o.note(actor, line, owner)
	if o.graph.object(typ) {
		o.object(actor, typ, v, owner)
	}
}

// object walks through the fields of an object.
func (o *observer) object(actor byte, typ string, v gjson.Result, owner string) {
	v.ForEach(func(name, field gjson.Result) bool {
		if def := o.graph.field(typ, name.String()); def != nil {
			o.value(actor, joined(typ, name.String()), def.Type.Name(), field, owner)
		} else if name.String() != "__typename" {
			o.strays[typ+"."+name.String()+" isn't in the schema"] = true
		}
		return true
	})
}

// thing is what a value is about: itself, what it leads to or what it is about, or else what it is part of.
func (o *observer) thing(typ string, v gjson.Result, owner string) string {
	var id string
	switch {
	case typ == "CaseEvent":
		id = v.Get("subject").String()
	case typ == "CaseEventEdge":
		id = v.Get("node.subject").String()
	case typ == "ApplicationEdge" || typ == "AppointmentEdge" || typ == "CaseApplicationEdge" || typ == "CaseAppointmentEdge":
		id = v.Get("node.id").String()
	case typ == "Partner" || o.table.entity(typ):
		id = v.Get("id").String()
	default:
		return owner
	}
	if name := o.names[id]; name != "" {
		return name
	}
	return "unknown " + id
}

func (o *observer) note(actor byte, line, thing string) {
	o.fields++
	r := o.table.rows[line]
	switch {
	case r == nil:
		o.strays[line+" has no line"] = true
		return
	case r.section.public():
		thing = ""
	case r.section.title == "Payload":
		thing = "written"
	}
	if !r.section.public() && r.column(thing) < 0 {
		o.strays[fmt.Sprintf("%s: %c saw %s, of which the line says nothing", line, actor, thing)] = true
		return
	}
	if o.moving && !r.section.public() && r.section.title != "Payload" {
		i := r.column(thing)
		if !r.sees(actor, i) && (r.cells[i] != "." || !o.table.may(actor, thing)) {
			o.strays[fmt.Sprintf("%s: %c sees %s after a write, and may not", line, actor, thing)] = true
		}
		if !strings.HasPrefix(line, "AlreadyClaimed.") {
			return
		}
	}
	if o.seen[line] == nil {
		o.seen[line] = map[string]map[byte]bool{}
	}
	if o.seen[line][thing] == nil {
		o.seen[line][thing] = map[byte]bool{}
	}
	o.seen[line][thing][actor] = true
}

// differences are where what was seen isn't what the table says, sorted.
func (o *observer) differences() []string {
	var all []string
	for stray := range o.strays {
		all = append(all, stray)
	}
	for line, r := range o.table.rows {
		if strings.HasPrefix(line, "Mutation.") {
			continue // writes are counted elsewhere
		}
		if r.section.public() {
			if (len(o.seen[line]) == 0) != r.has("?") {
				all = append(all, fmt.Sprintf("%s: whether anything was seen in it: %t", line, len(o.seen[line]) > 0))
			}
			continue
		}
		for i, c := range r.section.columns {
			for _, actor := range o.table.actors {
				letter := actor.name[0]
				saw := slices.DeleteFunc(slices.Clone(c.things), func(thing string) bool { return !o.seen[line][thing][letter] })
				switch {
				case !r.sees(letter, i) && len(saw) > 0:
					all = append(all, fmt.Sprintf("%s: %c sees %s, and may not", line, letter, strings.Join(saw, ", ")))
				case r.sees(letter, i) && (len(saw) == 0 || r.has("all") && len(saw) < len(c.things)):
					all = append(all, fmt.Sprintf("%s: %c should see %s, and sees %v of it", line, letter, c.name, saw))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}
