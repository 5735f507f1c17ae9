package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"go.jetify.com/typeid"
)

// identified gives a type its id: a prefix and a UUIDv7 ("appointment_01j…"), so ids sort by time,
// can't be counted through, and tell of what type they are.
type identified struct {
	mixin.Schema
	prefix string
}

func (m identified) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").
			Immutable().
			DefaultFunc(func() string { return typeid.Must(typeid.WithPrefix(m.prefix)).String() }),
	}
}
