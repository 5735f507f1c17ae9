package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// PublicService is what a town offers. The name is that of the EU core vocabulary CPSV-AP.
type PublicService struct{ ent.Schema }

// Mixin returns the id.
func (PublicService) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "service"}} }

// Fields of a PublicService.
func (PublicService) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("slug").Immutable(),
		field.String("kind").Comment("the ServiceKind that joins services across towns; empty: none"),
		field.String("leika_key").Optional().Nillable().Comment("14 digits, where one is known"),
		field.JSON("name", Text{}),
		field.JSON("summary", Text{}),
		field.JSON("information", []Section{}).Optional(),
		field.JSON("documents", []Text{}).Optional(),
		field.JSON("links", []Link{}).Optional(),
		field.JSON("synonyms", map[string][]string{}).Optional(),
		field.JSON("channels", []string{}),
		field.Int("appointment_minutes").Optional().Nillable(),
		field.Int("max_quantity").Default(1),
		field.Bool("combinable").Default(true).Comment("may share an appointment with other services"),
		field.Enum("delivery").Values("POST", "PICK_UP", "ELECTRONIC", "NONE"),
		field.Enum("trust").Values("NONE", "BASIC", "SUBSTANTIAL", "HIGH").Comment("what the law asks today"),
		field.Int("processing_days").Optional().Nillable().Comment("from submission to the office's deadline; null: the town's figure"),
		field.JSON("authority", Text{}).Optional().Comment("who decides, where that is not the town"),
		field.Bool("closed").Default(false).Comment("closed online by the town, whatever the window says"),
		field.Time("opens_at").Optional().Nillable(),
		field.Time("closes_at").Optional().Nillable(),
		field.JSON("state_message", Text{}).Optional(),
		field.Bool("state_set").Default(false).Comment("the town set the state itself: an import leaves it"),
		field.Bool("active").Default(true),
		field.Int("position").Default(0),
		field.JSON("assumed", []string{}).Optional(),
		field.Int("revision").Default(1),
	}
}

// Edges of a PublicService.
func (PublicService) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("services").Field("municipality_id").Unique().Required().Immutable(),
		edge.To("fees", Fee.Type),
		edge.To("forms", Form.Type),
	}
}

// Indexes of a PublicService.
func (PublicService) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("municipality_id", "slug").Unique(),
		index.Fields("leika_key"),
	}
}

// Fee is a dated price of a service.
type Fee struct{ ent.Schema }

// Mixin returns the id.
func (Fee) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "fee"}} }

// Fields of a Fee.
func (Fee) Fields() []ent.Field {
	return []ent.Field{
		field.String("service_id").Immutable(),
		field.Int("cents").NonNegative(),
		field.Int("further_copy_cents").Optional().Nillable().NonNegative(),
		field.String("currency").Default("EUR"),
		field.JSON("legal_basis", Text{}).Optional(),
		field.String("valid_from").Comment("local date"),
		field.String("valid_to").Default("").Comment("last local date; empty: open-ended"),
		field.String("source").Default("").Comment("\"assumed\" where the town has not confirmed it, \"town\" where it set it itself"),
	}
}

// Edges of a Fee.
func (Fee) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("service", PublicService.Type).Ref("fees").Field("service_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Fee.
func (Fee) Indexes() []ent.Index {
	return []ent.Index{index.Fields("service_id", "valid_from").Unique()}
}

// Form is one version of a service's form: JSON Schema 2020-12, never changed once imported.
type Form struct{ ent.Schema }

// Mixin returns the id.
func (Form) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "form"}} }

// Fields of a Form.
func (Form) Fields() []ent.Field {
	return []ent.Field{
		field.String("service_id").Immutable(),
		field.Int("version").Immutable(),
		field.JSON("schema", json.RawMessage{}).Immutable(),
		field.JSON("layout", json.RawMessage{}).Optional().Immutable(),
		field.String("sha256").Immutable().Comment("of the schema and layout as canonical JSON"),
		field.JSON("fee_rules", FeeRules{}).Optional().Comment("how its answers change the fee"),
	}
}

// Edges of a Form.
func (Form) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("service", PublicService.Type).Ref("forms").Field("service_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Form.
func (Form) Indexes() []ent.Index {
	return []ent.Index{index.Fields("service_id", "version").Unique()}
}
