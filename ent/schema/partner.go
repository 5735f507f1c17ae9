package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Partner is a system of somebody else's that works with the town's catalogue: an aggregator, a regional portal.
type Partner struct{ ent.Schema }

// Mixin returns the id.
func (Partner) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "partner"}} }

// Fields of a Partner.
func (Partner) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("name"),
		field.JSON("scopes", []string{}).Comment("what its keys may do beyond what everybody may, sorted"),
		field.Enum("status").Values("ACTIVE", "SUSPENDED"),
		field.Time("created_at").Immutable(),
	}
}

// Edges of a Partner.
func (Partner) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("keys", PartnerKey.Type),
		edge.To("endpoints", WebhookEndpoint.Type),
	}
}

// Indexes of a Partner.
func (Partner) Indexes() []ent.Index { return []ent.Index{index.Fields("municipality_id", "id")} }

// PartnerKey is a key with which a partner shows who it is.
type PartnerKey struct{ ent.Schema }

// Mixin returns the id.
func (PartnerKey) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "partnerkey"}} }

// Fields of a PartnerKey.
func (PartnerKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("partner_id").Immutable(),
		field.String("hash").Unique().Immutable().Sensitive().Comment("SHA-256 of the key, hex"),
		field.String("label"),
		field.Time("created_at").Immutable(),
		field.Time("used_at").Optional().Nillable().Comment("when it was used last, to the hour"),
		field.Time("revoked_at").Optional().Nillable(),
	}
}

// Edges of a PartnerKey.
func (PartnerKey) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("partner", Partner.Type).Ref("keys").Field("partner_id").Unique().Required().Immutable(),
	}
}

// Indexes of a PartnerKey.
func (PartnerKey) Indexes() []ent.Index { return []ent.Index{index.Fields("partner_id")} }

// WebhookEndpoint is an address to which webhooks of a partner are sent.
type WebhookEndpoint struct{ ent.Schema }

// Mixin returns the id.
func (WebhookEndpoint) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "webhook"}} }

// Fields of a WebhookEndpoint.
func (WebhookEndpoint) Fields() []ent.Field {
	return []ent.Field{
		field.String("partner_id").Immutable(),
		field.String("municipality_id").Immutable().Comment("the partner's"),
		field.String("url"),
		field.JSON("types", []string{}).Comment("types of things that it is told of, sorted"),
		field.String("secret").Sensitive().Comment("what its webhooks are signed with, sealed"),
		field.String("former_secret").Default("").Sensitive().Comment("the secret before, sealed; empty: none"),
		field.Time("former_secret_until").Optional().Nillable().Comment("until when webhooks are signed with the old secret too"),
		field.Enum("status").Values("ACTIVE", "PAUSED", "REMOVED").Comment("a removed one is nobody's to see"),
		field.Int64("position").Comment("in the feed of changes: what comes after it isn't in a delivery yet"),
		field.Time("busy_until").Optional().Nillable().Comment("somebody makes a call until then"),
		field.Time("created_at").Immutable(),
	}
}

// Annotations forbid rows that no rotation can lead to.
func (WebhookEndpoint) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"former_secret_ends": "((former_secret <> '') = (former_secret_until IS NOT NULL))",
	}}}
}

// Edges of a WebhookEndpoint.
func (WebhookEndpoint) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("partner", Partner.Type).Ref("endpoints").Field("partner_id").Unique().Required().Immutable(),
		edge.To("deliveries", WebhookDelivery.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of a WebhookEndpoint.
func (WebhookEndpoint) Indexes() []ent.Index {
	return []ent.Index{index.Fields("partner_id"), index.Fields("municipality_id", "status")}
}

// ChangedThing is a thing of the catalogue that a webhook names.
type ChangedThing struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// WebhookDelivery is one webhook: what it names, and how far that has come.
type WebhookDelivery struct{ ent.Schema }

// Mixin returns the id.
func (WebhookDelivery) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "delivery"}} }

// Fields of a WebhookDelivery.
func (WebhookDelivery) Fields() []ent.Field {
	return []ent.Field{
		field.String("endpoint_id").Immutable(),
		field.JSON("changes", []ChangedThing{}).Immutable().Comment("empty in a ping"),
		field.Int64("position").Immutable().Comment("in the feed of changes, of the last of them"),
		field.Enum("status").Values("PENDING", "DELIVERED", "DEAD"),
		field.Int("attempts").Default(0).Comment("begun since it was made, or replayed"),
		field.Time("begun_at").Optional().Nillable().Comment("when the first of these attempts began"),
		field.Time("next_at").Optional().Nillable().Comment("when it is tried next"),
		field.Time("tried_at").Optional().Nillable().Comment("when it was tried last"),
		field.Int("http_status").Default(0).Comment("of the last answer; 0: there was none"),
		field.String("fault").Default("").Comment("what was wrong with the last attempt, as a word; empty: nothing"),
		field.Time("created_at").Immutable(),
		field.Time("ended_at").Optional().Nillable().Comment("when it was delivered, or given up"),
	}
}

// Annotations forbid rows that no attempt can lead to.
func (WebhookDelivery) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"pending_is_tried_again": "((status = 'PENDING') = (next_at IS NOT NULL))",
		"ended_has_an_end":       "((status = 'PENDING') = (ended_at IS NULL))",
		"delivered_has_no_fault": "status <> 'DELIVERED' OR fault = ''",
	}}}
}

// Edges of a WebhookDelivery.
func (WebhookDelivery) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("endpoint", WebhookEndpoint.Type).Ref("deliveries").Field("endpoint_id").Unique().Required().Immutable(),
	}
}

// Indexes of a WebhookDelivery.
func (WebhookDelivery) Indexes() []ent.Index {
	return []ent.Index{index.Fields("endpoint_id", "id"), index.Fields("endpoint_id", "status", "next_at"), index.Fields("status", "ended_at")}
}
