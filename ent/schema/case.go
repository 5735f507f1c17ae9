package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// CaseFile is a Case: what one person is doing with the town. (`case` is a word of Go's, and ent names packages after types.)
type CaseFile struct{ ent.Schema }

// Annotations name the table.
func (CaseFile) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "cases"}}
}

// Mixin returns the id.
func (CaseFile) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "case"}} }

// Fields of a CaseFile.
func (CaseFile) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("key_hash").Optional().Nillable().Unique().Immutable().Sensitive().
			Comment("SHA-256 of the case key, hex; null where staff opened the case"),
		field.String("language").Default("de"),
		field.String("given_name").Default(""),
		field.String("family_name").Default(""),
		field.String("email").Default(""),
		field.String("phone").Default(""),
		field.String("street").Default(""),
		field.String("house_number").Default(""),
		field.String("postal_code").Default(""),
		field.String("city").Default(""),
		field.String("country").Default(""),
		field.String("notice_id").Default("").Comment("the privacy notice that was acknowledged last"),
		field.Time("notice_at").Optional().Nillable(),
		field.Time("opened_at").Immutable(),
		field.Int("event_count").Default(0),
		field.String("event_head").Default(""),
	}
}

// Edges of a CaseFile.
func (CaseFile) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("cases").Field("municipality_id").Unique().Required().Immutable(),
		edge.To("appointments", Appointment.Type),
		edge.To("applications", Application.Type),
	}
}

// Appointment is one or more concerns, one office, one counter, one span of time.
// A hold is an appointment in state HELD. Office and counter are no foreign keys: the key-share locks
// of every booking would queue against each other on the same few rows.
type Appointment struct{ ent.Schema }

// Mixin returns the id.
func (Appointment) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "appointment"}} }

// Fields of an Appointment.
func (Appointment) Fields() []ent.Field {
	return []ent.Field{
		field.String("case_id").Immutable(),
		field.String("municipality_id").Immutable(),
		field.String("office_id").Immutable(),
		field.String("counter_id"),
		field.Int64("counter_number"),
		field.String("called_counter_id").Default("").Comment("where the person was called to, which may be another counter"),
		field.String("reference").Unique().Immutable().Comment("short, for the phone: BLO-7K3M-9Q"),
		field.JSON("concerns", []Concern{}).Immutable(),
		field.Time("starts_at"),
		field.Time("ends_at"),
		field.String("day").Comment("local date of the start"),
		field.Enum("status").Values("HELD", "BOOKED", "CHECKED_IN", "CALLED", "COMPLETED", "CANCELED", "NO_SHOW", "EXPIRED"),
		field.Time("held_until").Optional().Nillable(),
		field.Bool("extended").Default(false),
		field.Enum("channel").Values("ONLINE", "PHONE", "EMAIL", "CONTACT_FORM", "IN_PERSON").Immutable(),
		field.String("given_name").Default(""),
		field.String("family_name").Default(""),
		field.String("email").Default(""),
		field.String("phone").Default(""),
		field.Bool("reminder").Default(false),
		field.String("language").Immutable().Default("de"),
		field.Time("created_at").Immutable(),
		field.Time("booked_at").Optional().Nillable(),
		field.Time("checked_in_at").Optional().Nillable(),
		field.Time("called_at").Optional().Nillable(),
		field.Int("calls").Default(0).Comment("how often the person has been called"),
		field.Time("ended_at").Optional().Nillable(),
		field.Int("revision").Default(1),
	}
}

// Annotations forbid rows that no move can lead to.
func (Appointment) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"held_has_an_expiry":   "((status = 'HELD') = (held_until IS NOT NULL))",
		"span_has_a_length":    "ends_at > starts_at",
		"booked_has_a_person":  "status IN ('HELD', 'EXPIRED', 'CANCELED') OR family_name <> ''",
		"called_has_a_counter": "status <> 'CALLED' OR called_counter_id <> ''",
	}}}
}

// Edges of an Appointment.
func (Appointment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("case", CaseFile.Type).Ref("appointments").Field("case_id").Unique().Required().Immutable(),
	}
}

// Indexes of an Appointment.
func (Appointment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("office_id", "day", "starts_at"),
		index.Fields("case_id"),
		index.Fields("status", "held_until"),
	}
}
