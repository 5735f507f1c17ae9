package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Application is one filled form on its way through the office. While it is a draft nobody but its person sees it;
// from SUBMITTED on its answers never change, and what the person says later is a row of its own (InformationRequest).
type Application struct{ ent.Schema }

// Mixin returns the id.
func (Application) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "application"}} }

// Fields of an Application.
func (Application) Fields() []ent.Field {
	return []ent.Field{
		field.String("case_id").Immutable(),
		field.String("municipality_id").Immutable(),
		field.String("service_id").Immutable(),
		field.String("form_id").Immutable().Comment("the version it was started with"),
		field.String("reference").Unique().Immutable().Comment("short, for the phone: BLO-7K3M-9Q"),
		field.Enum("status").Values("DRAFT", "SUBMITTED", "IN_PROGRESS", "WAITING_FOR_APPLICANT", "COMPLETED", "REJECTED", "WITHDRAWN", "EXPIRED"),
		field.Text("answers").Default("").Sensitive().Comment("canonical JSON, byte for byte as it was taken; empty: none yet"),
		field.Int("revision").Default(0).Comment("raised by every change of the answers"),
		field.Int("reviewed_revision").Default(0).Comment("the revision that the person looked over; 0: none"),
		field.String("information_hash").Default("").Comment("SHA-256 of the information that was confirmed, hex"),
		field.Time("information_at").Optional().Nillable(),
		field.String("notice_id").Default("").Comment("the privacy notice in force when it was submitted"),
		field.Time("notice_at").Optional().Nillable(),
		field.Int("due_cents").Optional().Nillable().NonNegative().Comment("what it cost when it was submitted"),
		field.Time("started_at").Immutable(),
		field.Time("edited_at"),
		field.Time("expires_at").Optional().Nillable().Comment("end of a draft that nobody edits"),
		field.Time("submitted_at").Optional().Nillable(),
		field.Time("deadline").Optional().Nillable().Comment("when the office should be done with it"),
		field.Time("ended_at").Optional().Nillable(),
		field.String("clerk").Default("").Comment("subject of the member of staff who works on it"),
		field.String("clerk_name").Default(""),
		field.String("rejection").Default("").Sensitive(),
		field.String("dispatch_method").Default(""),
		field.String("dispatched_on").Default("").Comment("local date"),
		field.String("tracking_number").Default(""),
	}
}

// Annotations forbid rows that no move can lead to.
func (Application) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"draft_has_an_end":       "((status = 'DRAFT') = (expires_at IS NOT NULL))",
		"submitted_is_whole":     "submitted_at IS NULL OR (deadline IS NOT NULL AND due_cents IS NOT NULL AND notice_id <> '' AND answers <> '' AND reviewed_revision = revision)",
		"worked_on_is_submitted": "status IN ('DRAFT', 'EXPIRED', 'WITHDRAWN') OR submitted_at IS NOT NULL",
		"worked_on_has_a_clerk":  "status NOT IN ('IN_PROGRESS', 'WAITING_FOR_APPLICANT', 'COMPLETED', 'REJECTED') OR clerk <> ''",
	}}}
}

// Edges of an Application.
func (Application) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("case", CaseFile.Type).Ref("applications").Field("case_id").Unique().Required().Immutable(),
		edge.To("payments", Payment.Type),
		edge.To("requests", InformationRequest.Type),
		edge.To("reopenings", Reopening.Type),
	}
}

// Indexes of an Application. The work queue reads each state by itself, in the order of deadlines, and merges: so each of
// its filters is the head of an index.
func (Application) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("case_id"),
		index.Fields("status", "expires_at"),
		index.Fields("municipality_id", "status", "deadline", "id"),
		index.Fields("municipality_id", "service_id", "status", "deadline", "id"),
		index.Fields("municipality_id", "clerk", "status", "deadline", "id"),
		index.Fields("municipality_id", "service_id", "clerk", "status", "deadline", "id"),
	}
}

// InformationRequest is a question of the office about an application, and the person's answer. Corrected answers stand here:
// those that were submitted don't change.
type InformationRequest struct{ ent.Schema }

// Mixin returns the id.
func (InformationRequest) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "request"}} }

// Fields of an InformationRequest.
func (InformationRequest) Fields() []ent.Field {
	return []ent.Field{
		field.String("application_id").Immutable(),
		field.String("question").Immutable().Sensitive(),
		field.Time("asked_at").Immutable(),
		field.String("answer").Default("").Sensitive(),
		field.Text("corrections").Default("").Sensitive().Comment("the answers as they should have been, whole, as canonical JSON"),
		field.Time("answered_at").Optional().Nillable(),
		field.Enum("answered_via").Values("ONLINE", "PHONE", "LETTER", "EMAIL", "IN_PERSON").Optional().Nillable().
			Comment("how the answer came; null also where one came online before this was noted"),
		field.Time("withdrawn_at").Optional().Nillable().Comment("taken back, or ended with the application; never answered then"),
	}
}

// Edges of an InformationRequest.
func (InformationRequest) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("application", Application.Type).Ref("requests").Field("application_id").Unique().Required().Immutable(),
	}
}

// Indexes of an InformationRequest.
func (InformationRequest) Indexes() []ent.Index { return []ent.Index{index.Fields("application_id")} }

// Reopening is a decision that a supervisor has taken back: what was decided then, and why it isn't any more.
type Reopening struct{ ent.Schema }

// Mixin returns the id.
func (Reopening) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "reopening"}} }

// Fields of a Reopening.
func (Reopening) Fields() []ent.Field {
	return []ent.Field{
		field.String("application_id").Immutable(),
		field.Enum("status").Values("COMPLETED", "REJECTED").Immutable(),
		field.Time("decided_at").Immutable(),
		field.String("rejection").Default("").Immutable().Sensitive(),
		field.String("dispatch_method").Default("").Immutable(),
		field.String("dispatched_on").Default("").Immutable().Comment("local date"),
		field.String("tracking_number").Default("").Immutable(),
		field.String("reason").Immutable().Sensitive().Comment("why it was reopened, as the person reads it"),
		field.Time("reopened_at").Immutable(),
	}
}

// Edges of a Reopening.
func (Reopening) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("application", Application.Type).Ref("reopenings").Field("application_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Reopening.
func (Reopening) Indexes() []ent.Index { return []ent.Index{index.Fields("application_id")} }
