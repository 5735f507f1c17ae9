package graph

import (
	"context"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/ent"
	"nelke/graph/scalar"
	"nelke/internal/portal"
	"nelke/internal/problem"
)

// plain writes values that need no resolver, and lists of them, in one go: what is selected is looked up once for a list, where
// gqlgen makes a goroutine and a context for each element, and another context for each of its fields. The bytes are the
// same. What has anything selected that isn't in the tables below is left to gqlgen, and so is all of an operation whose fields
// are traced one by one.
type plain struct {
	answers *object[portal.Availability] // but for the office, which has resolvers: then the list of days is what is written
	days    *object[portal.AvailabilityDay]
	slots   *object[portal.Slot]
	changes *object[portal.Change]
	events  *object[ent.Event]
	buffers sync.Pool
}

// newPlain has the tables: for each type all fields of the schema.
func newPlain() *plain {
	slots := &object[portal.Slot]{names: []string{"Slot"}, fields: map[string]field[portal.Slot]{
		"start":    leaf(func(b []byte, s *portal.Slot) []byte { return append(b, s.Start...) }),
		"end":      leaf(func(b []byte, s *portal.Slot) []byte { return append(b, s.End...) }),
		"counters": leaf(func(b []byte, s *portal.Slot) []byte { return strconv.AppendInt(b, int64(s.Counters), 10) }),
		"reason":   leaf(func(b []byte, s *portal.Slot) []byte { return appendReason(b, s.Reason) }),
	}}
	days := &object[portal.AvailabilityDay]{names: []string{"AvailabilityDay"}, fields: map[string]field[portal.AvailabilityDay]{
		"date": leaf(func(b []byte, d *portal.AvailabilityDay) []byte {
			return append(d.Date.Append(append(b, '"')), '"')
		}),
		"starts": leaf(func(b []byte, d *portal.AvailabilityDay) []byte {
			return append(append(append(b, '['), d.Free...), ']')
		}),
		"slots":  list(slots, func(d *portal.AvailabilityDay) []portal.Slot { return d.Slots }),
		"reason": leaf(func(b []byte, d *portal.AvailabilityDay) []byte { return appendReason(b, d.Reason) }),
	}}
	return &plain{
		buffers: sync.Pool{New: func() any { return new([]byte) }},
		slots:   slots,
		days:    days,
		answers: &object[portal.Availability]{names: []string{"Availability"}, fields: map[string]field[portal.Availability]{
			"days": list(days, func(a *portal.Availability) []portal.AvailabilityDay { return a.Days }),
			"asOf": leaf(func(b []byte, a *portal.Availability) []byte { return appendInstant(b, a.AsOf) }),
		}},
		changes: &object[portal.Change]{names: []string{"Change"}, fields: map[string]field[portal.Change]{
			"type": leaf(func(b []byte, c *portal.Change) []byte { return appendMarshaled(b, scalar.MarshalChanged(c.Type)) }),
			"id":   leaf(func(b []byte, c *portal.Change) []byte { return appendMarshaled(b, graphql.MarshalID(c.ID)) }),
			"at":   leaf(func(b []byte, c *portal.Change) []byte { return appendInstant(b, c.At) }),
		}},
		events: &object[ent.Event]{names: []string{"CaseEvent"}, fields: map[string]field[ent.Event]{
			"sequence": leaf(func(b []byte, e *ent.Event) []byte { return strconv.AppendInt(b, int64(e.Seq), 10) }),
			"at":       leaf(func(b []byte, e *ent.Event) []byte { return appendInstant(b, e.At) }),
			"action":   leaf(func(b []byte, e *ent.Event) []byte { return appendText(b, e.Action) }),
			"by":       leaf(func(b []byte, e *ent.Event) []byte { return appendMarshaled(b, eventActor(e)) }),
			"subject":  leaf(func(b []byte, e *ent.Event) []byte { return appendMarshaled(b, graphql.MarshalID(e.Subject)) }),
			"before":   leaf(func(b []byte, e *ent.Event) []byte { return appendTextOrNull(b, e.Before) }),
			"after":    leaf(func(b []byte, e *ent.Event) []byte { return appendText(b, e.After) }),
		}},
	}
}

func (*plain) ExtensionName() string                   { return "Plain" }
func (*plain) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptField writes what a field resolved to, if it is such a value, or a list of them.
func (p *plain) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	value, err := next(ctx)
	if err != nil {
		return value, err
	}
	switch v := value.(type) {
	case *portal.Availability:
		if write, can := planned(ctx, p.answers); can && v != nil {
			return p.whole(func(b []byte) []byte { return write(b, v) }), nil
		}
	case []portal.AvailabilityDay:
		if write, can := planned(ctx, p.days); can {
			return p.whole(func(b []byte) []byte { return appendList(b, v, write) }), nil
		}
	case []portal.Change:
		if write, can := planned(ctx, p.changes); can {
			return p.whole(func(b []byte) []byte { return appendList(b, v, write) }), nil
		}
	case []*ent.Event:
		if write, can := planned(ctx, p.events); can {
			return p.whole(func(b []byte) []byte { return appendPointers(b, v, maxPiece, write) }), nil
		}
	}
	return value, nil
}

// planned is the writer for what is selected of a field; false where that is left to gqlgen.
func planned[T any](ctx context.Context, of *object[T]) (writer[T], bool) {
	op := graphql.GetOperationContext(ctx)
	if wantsTrace(op) {
		return nil, false
	}
	return of.plan(op, graphql.GetFieldContext(ctx).Field.Selections)
}

// whole is a value as JSON, on a buffer that is used again once the value is written. It is written at once, so that its length is
// known before the answer is put together.
type whole struct {
	json    *[]byte
	buffers *sync.Pool
}

func (p *plain) whole(appendTo func(b []byte) []byte) *whole {
	buffer, _ := p.buffers.Get().(*[]byte)
	*buffer = appendTo((*buffer)[:0])
	return &whole{buffer, &p.buffers}
}

// MarshalGQL writes the value. The executor does so once.
func (v *whole) MarshalGQL(w io.Writer) {
	buffer := v.json
	v.json = nil
	_, _ = w.Write(*buffer) // the executor's buffer never fails, and copies
	if cap(*buffer) <= 64<<10 {
		v.buffers.Put(buffer)
	}
}

// writer appends a value, or one of its fields, as JSON. It can't fail, and null stands only where the schema allows it.
type writer[T any] func(b []byte, value *T) []byte

// field makes the writer of a field for what is selected of it; false where it can't.
type field[T any] func(*graphql.OperationContext, graphql.CollectedField) (writer[T], bool)

// object is a type of the schema.
type object[T any] struct {
	names  []string // its own; it implements no interface
	inline bool     // whether what may come later comes at once
	fields map[string]field[T]
}

// plan makes the writer for a selection set. Which fields that comes to, in which order, after fragments, directives and
// what is selected twice, is gqlgen's to say.
func (o *object[T]) plan(op *graphql.OperationContext, selections ast.SelectionSet) (writer[T], bool) {
	type step struct {
		key   string
		write writer[T]
	}
	collected := graphql.CollectFields(op, selections, o.names)
	steps := make([]step, len(collected))
	for i, f := range collected {
		if len(f.Deferrables) > 0 && !o.inline {
			return nil, false
		}
		steps[i].key = `"` + f.Alias + `":` // a name has nothing to escape
		if i > 0 {
			steps[i].key = "," + steps[i].key
		}
		if f.Name == "__typename" {
			name := `"` + o.names[0] + `"`
			steps[i].write = func(b []byte, _ *T) []byte { return append(b, name...) }
			continue
		}
		known, ok := o.fields[f.Name]
		if !ok {
			return nil, false
		}
		if steps[i].write, ok = known(op, f); !ok {
			return nil, false
		}
	}
	a := answerIn(op)
	return func(b []byte, value *T) []byte {
		if !a.goesOn(len(b)) {
			return append(b, "null"...) // the response is replaced, so nobody reads it
		}
		b = append(b, '{')
		for i := range steps {
			b = steps[i].write(append(b, steps[i].key...), value)
		}
		return append(b, '}')
	}, true
}

func leaf[T any](write writer[T]) field[T] {
	return func(*graphql.OperationContext, graphql.CollectedField) (writer[T], bool) { return write, true }
}

// list is a field with a list of values of its own.
func list[T, E any](of *object[E], get func(*T) []E) field[T] {
	return func(op *graphql.OperationContext, f graphql.CollectedField) (writer[T], bool) {
		write, ok := of.plan(op, f.Selections)
		return func(b []byte, value *T) []byte { return appendList(b, get(value), write) }, ok
	}
}

func appendList[T any](b []byte, values []T, write writer[T]) []byte {
	b = append(b, '[')
	before := len(b)
	for i := range values {
		if i == 1 { // the others will be about as long
			b = slices.Grow(b, min((len(b)-before+1)*(len(values)-1)+1, maxPiece))
		}
		if len(b) > maxPiece {
			break // more than any answer may have: it isn't sent
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = write(b, &values[i])
	}
	return append(b, ']')
}

// appendPointers is appendList for pointers, none of which is nil, up to a limit of bytes.
func appendPointers[T any](b []byte, values []*T, limit int, write writer[T]) []byte {
	b = append(b, '[')
	for i, value := range values {
		if len(b) > limit {
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = write(b, value)
	}
	return append(b, ']')
}

func appendInstant(b []byte, at time.Time) []byte { return at.AppendFormat(b, `"`+time.RFC3339+`"`) }

func appendText(b []byte, text string) []byte { return appendMarshaled(b, graphql.MarshalString(text)) }

func appendTextOrNull(b []byte, text string) []byte {
	if text == "" {
		return append(b, "null"...)
	}
	return appendText(b, text)
}

func appendReason(b []byte, reason problem.Reason) []byte {
	if reason == "" {
		return append(b, "null"...)
	}
	b = append(append(b, '"'), reason...) // letters
	return append(b, '"')
}

// appendMarshaled appends what a marshaler writes.
func appendMarshaled(b []byte, m graphql.Marshaler) []byte {
	w := appender(b)
	m.MarshalGQL(&w)
	return w
}

type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}
