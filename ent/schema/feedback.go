package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Feedback is what somebody has said about the portal. Nothing of a row says who.
type Feedback struct{ ent.Schema }

// Mixin returns the id.
func (Feedback) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "feedback"}} }

// Annotations name the table: the word has no plural.
func (Feedback) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "feedback"}}
}

// Fields of a Feedback.
func (Feedback) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("service_id").Default("").Immutable().Comment("empty: about none"),
		field.Enum("about").Values("APPLICATION", "APPOINTMENT", "PAGE", "ACCESSIBILITY").Immutable(),
		field.String("step").Default("").Immutable().Comment("where it was given; empty: not said"),
		field.Int("satisfaction").Optional().Nillable().Immutable().Comment("1, very dissatisfied, to 5, very satisfied"),
		field.Text("message").Optional().Nillable().Sensitive().Comment("deleted after twelve months"),
		field.Time("at").Immutable(),
	}
}

// Indexes of a Feedback.
func (Feedback) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "id"), index.Fields("municipality_id", "at"), index.Fields("at")}
}
