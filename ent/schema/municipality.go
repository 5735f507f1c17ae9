package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Municipality is the tenant.
type Municipality struct{ ent.Schema }

// Mixin returns the id.
func (Municipality) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "municipality"}} }

// Fields of a Municipality.
func (Municipality) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").Unique().Immutable(),
		field.String("ars").Unique().Comment("Amtlicher Regionalschlüssel, 12 digits; an assumed one is corrected once"),
		field.String("ags").Comment("Amtlicher Gemeindeschlüssel, 8 digits"),
		field.String("name"),
		field.String("time_zone"),
		field.String("website").Optional(),
		field.String("holidays").Optional().Comment("region of the public holidays, such as DE-NW"),
		field.Bool("enforce_trust").Default(false).Comment("refuse applications below a service's trust level"),
		field.Int("processing_days").Default(14).Comment("from submission to the office's deadline, where the service names none"),
		field.Int("payment_minutes").Default(30).Comment("how long a person has to pay"),
		field.Int("grace_minutes").Default(1440).Comment("how long a paid draft may wait for its submission before it is refunded"),
		field.Bool("methods_set").Default(false).Comment("the town set its payment methods itself: an import leaves them"),
		field.JSON("frequent", []string{}).Optional().Comment("slugs of the services that are asked for most often, in the town's order"),
		field.JSON("banner_text", Text{}).Optional().Comment("what all pages say on top; null: nothing"),
		field.Time("banner_from").Optional().Nillable().Comment("null: at once"),
		field.Time("banner_to").Optional().Nillable().Comment("null: until it is removed"),
		field.JSON("assumed", []string{}).Optional().Comment("names of facts that the town has not confirmed"),
		field.String("import_hash").Optional().Comment("digest of the imported file, so that a repeat changes nothing"),
		field.Int("event_count").Default(0),
		field.String("event_head").Default(""),
	}
}

// Edges of a Municipality.
func (Municipality) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("offices", Office.Type),
		edge.To("services", PublicService.Type),
		edge.To("notices", PrivacyNotice.Type),
		edge.To("payment_options", PaymentOption.Type),
		edge.To("pages", TownPage.Type),
		edge.To("cases", CaseFile.Type),
	}
}

// PrivacyNotice is one version of the privacy notice in one language. It is never changed.
type PrivacyNotice struct{ ent.Schema }

// Mixin returns the id.
func (PrivacyNotice) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "privacynotice"}} }

// Fields of a PrivacyNotice.
func (PrivacyNotice) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.Int("version").Immutable(),
		field.String("language").Immutable(),
		field.Text("text").Immutable(),
		field.String("sha256").Immutable(),
		field.String("valid_from").Immutable().Comment("local date"),
	}
}

// Edges of a PrivacyNotice.
func (PrivacyNotice) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("notices").Field("municipality_id").Unique().Required().Immutable(),
	}
}

// Indexes of a PrivacyNotice.
func (PrivacyNotice) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "version", "language").Unique()}
}

// TownPage is a page that the town writes itself, in one language, such as the imprint.
type TownPage struct{ ent.Schema }

// Mixin returns the id.
func (TownPage) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "page"}} }

// Fields of a TownPage.
func (TownPage) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.Enum("kind").Values("IMPRINT", "ACCESSIBILITY", "EASY_LANGUAGE", "SIGN_LANGUAGE", "CONTACT").Immutable(),
		field.String("language").Immutable(),
		field.String("title"),
		field.Text("text").Optional().Nillable().Comment("Markdown; null where the page stands elsewhere"),
		field.String("url").Optional().Nillable().Comment("a page or video outside, instead of the text or besides it"),
		field.String("updated_on").Comment("local date"),
		field.String("source").Optional().Nillable().Comment("\"assumed\" where the town has not confirmed it"),
		field.Int("position").Default(0),
	}
}

// Edges of a TownPage.
func (TownPage) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("pages").Field("municipality_id").Unique().Required().Immutable(),
	}
}

// Indexes of a TownPage.
func (TownPage) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "kind", "language").Unique()}
}

// PaymentOption is a payment method that a town offers, or offered, within dates.
type PaymentOption struct{ ent.Schema }

// Mixin returns the id.
func (PaymentOption) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "payoption"}} }

// Fields of a PaymentOption.
func (PaymentOption) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.Enum("method").Values("CREDIT_CARD", "GIROPAY", "PAYDIREKT", "PAYPAL", "WERO").Immutable(),
		field.Bool("enabled"),
		field.String("valid_from").Default("").Comment("local date; empty: always"),
		field.String("valid_to").Default("").Comment("last local date; empty: open-ended"),
		field.Int("position").Default(0),
	}
}

// Edges of a PaymentOption.
func (PaymentOption) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("payment_options").Field("municipality_id").Unique().Required().Immutable(),
	}
}

// Indexes of a PaymentOption.
func (PaymentOption) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "method", "valid_from").Unique()}
}

// DemoMark is in a database that a demo has made, whose tokens anybody may have: there is one of it, or none.
type DemoMark struct{ ent.Schema }

// Fields of a DemoMark.
func (DemoMark) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Unique().Immutable().Comment("always demo"),
		field.Time("at").Immutable(),
	}
}
