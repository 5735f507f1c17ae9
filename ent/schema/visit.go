package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// VisitCount is how often pages of a town were looked at in a month, and by how many on each of its days. It is added to, and
// nothing in it is about a person.
type VisitCount struct{ ent.Schema }

// Fields of a VisitCount.
func (VisitCount) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("month").Immutable().Comment("as 2026-11"),
		field.String("service_id").Default("").Immutable().Comment("empty: of the town as a whole"),
		field.String("page").Immutable().Comment("kind of page; ALL: of all together; REFUSED: answers that the form refused"),
		field.Int("views"),
		field.Int("visits").Comment("on each day as many as there were different visitors"),
	}
}

// Indexes of a VisitCount.
func (VisitCount) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "month", "service_id", "page").Unique()}
}
