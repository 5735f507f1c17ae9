package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Change is where a thing of the catalogue stands in the feed of changes: one row for each town, office and service, moved to
// the end whenever it changes.
type Change struct{ ent.Schema }

// Fields of a Change.
func (Change) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable().Comment("of the thing; its prefix says what it is"),
		field.String("municipality_id").Immutable(),
		field.Int64("position").Comment("rises in the order of commits"),
		field.Time("at"),
		field.String("digest").Default("").Comment("SHA-256 of what the file imported last says of it, hex"),
	}
}

// Indexes of a Change.
func (Change) Indexes() []ent.Index { return []ent.Index{index.Fields("position").Unique()} }

// Epoch is a span of the database's life: from one putting back of a copy to the next. Before the first there is none.
type Epoch struct{ ent.Schema }

// Annotations name the table: ent's own plural isn't one.
func (Epoch) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "epochs"}}
}

// Fields of an Epoch.
func (Epoch) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Unique().Immutable().Comment("random: what was lost with the database had names too"),
		field.Time("at").Immutable(),
	}
}
