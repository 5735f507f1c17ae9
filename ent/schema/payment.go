package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Payment is one attempt to pay one amount for one application.
type Payment struct{ ent.Schema }

// Mixin returns the id.
func (Payment) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "payment"}} }

// Fields of a Payment.
func (Payment) Fields() []ent.Field {
	return []ent.Field{
		field.String("application_id").Immutable(),
		field.String("case_id").Immutable(),
		field.String("municipality_id").Immutable(),
		field.Int("cents").Positive().Immutable().Comment("what is asked, by the price of the day on which it was started"),
		field.String("currency").Default("EUR").Immutable(),
		field.Int("answers_revision").Default(0).Immutable().Comment("the revision of the answers that it was asked for"),
		field.String("purpose").Default("").Immutable().Comment("what the payer is told that it is for"),
		field.Enum("method").Values("CREDIT_CARD", "GIROPAY", "PAYDIREKT", "PAYPAL", "WERO").Immutable(),
		field.Enum("status").Values("CREATED", "PENDING", "PAID", "FAILED", "CANCELED", "EXPIRED", "REFUND_DUE", "REFUNDED"),
		field.String("transaction_id").Default("").Comment("the provider's id of it"),
		field.String("redirect_url").Default("").Comment("the provider's page"),
		field.String("return_url").Default("").Immutable().Comment("where the person goes from there"),
		field.String("reference").Default("").Comment("Kassenzeichen"),
		field.Int("received_cents").Default(0).NonNegative().Comment("what the provider says it took"),
		field.Int("refunded_cents").Default(0).NonNegative(),
		field.Enum("refund_reason").Optional().Nillable().Values("LATE", "OTHER_AMOUNT", "NOT_SUBMITTED", "WITHDRAWN", "STAFF", "PROVIDER"),
		field.String("refund_note").Optional().Nillable().Sensitive().Comment("how it was given back by hand; null: the provider did, or nobody has"),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable().Comment("when we give up waiting"),
		field.Time("paid_at").Optional().Nillable(),
		field.Time("ended_at").Optional().Nillable(),
		field.Time("swept_at").Optional().Nillable().Comment("when the sweep looked after it last; no part of its state"),
		field.Int("revision").Default(1),
	}
}

// Annotations forbid rows that no report can lead to.
func (Payment) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"pending_is_known":    "status <> 'PENDING' OR (transaction_id <> '' AND redirect_url <> '')",
		"paid_is_the_amount":  "status <> 'PAID' OR received_cents = cents",
		"refund_has_a_reason": "((status IN ('REFUND_DUE', 'REFUNDED')) = (refund_reason IS NOT NULL))",
		"refund_is_of_money":  "status NOT IN ('REFUND_DUE', 'REFUNDED') OR received_cents > 0",
		"refund_is_whole":     "refunded_cents = CASE WHEN status = 'REFUNDED' THEN received_cents ELSE 0 END",
		"unpaid_has_no_money": "status IN ('PAID', 'REFUND_DUE', 'REFUNDED') OR received_cents = 0",
	}}}
}

// Edges of a Payment.
func (Payment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("application", Application.Type).Ref("payments").Field("application_id").Unique().Required().Immutable(),
		edge.To("reports", PaymentReport.Type),
	}
}

// Indexes of a Payment. An application is paid once, whatever the provider says and how often.
func (Payment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("application_id"),
		index.Fields("application_id").Unique().StorageKey("payment_paid_once").
			Annotations(entsql.IndexWhere("status = 'PAID'")),
		index.Fields("case_id"),
		index.Fields("status", "expires_at"),
		index.Fields("municipality_id", "status", "id"),
	}
}

// PaymentReport is what a provider said of a payment, and what became of it. The same said again is the same row.
type PaymentReport struct{ ent.Schema }

// Fields of a PaymentReport.
func (PaymentReport) Fields() []ent.Field {
	return []ent.Field{
		field.String("payment_id").Immutable(),
		field.Enum("via").Values("CALL", "WEBHOOK", "RETURN", "RECONCILIATION").Immutable(),
		field.String("transaction_id").Immutable(),
		field.String("said").Immutable().Comment("the provider's state, as it was said"),
		field.Int("cents").Immutable(),
		field.Enum("outcome").Values("APPLIED", "KNOWN", "REFUSED").Immutable(),
		field.Time("at").Immutable().Comment("when it was said first"),
	}
}

// Edges of a PaymentReport.
func (PaymentReport) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("payment", Payment.Type).Ref("reports").Field("payment_id").Unique().Required().Immutable(),
	}
}

// Indexes of a PaymentReport.
func (PaymentReport) Indexes() []ent.Index {
	return []ent.Index{index.Fields("payment_id", "via", "transaction_id", "said", "cents", "outcome").Unique()}
}

// UnknownPayment is what a provider said, proved by its signature, of an order that isn't ours: one that was placed after the copy
// was made that the database was put back from, say. The same said again is the same row.
type UnknownPayment struct{ ent.Schema }

// Fields of an UnknownPayment.
func (UnknownPayment) Fields() []ent.Field {
	return []ent.Field{
		field.String("order_id").Immutable().Comment("the order, as it was said"),
		field.String("transaction_id").Immutable(),
		field.String("said").Immutable().Comment("the provider's state, as it was said"),
		field.Int("cents").Immutable(),
		field.Time("at").Immutable().Comment("when it was said first"),
	}
}

// Indexes of an UnknownPayment.
func (UnknownPayment) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "transaction_id", "said", "cents").Unique()}
}

// SandboxTransaction is a payment as the sandbox stores it. The provider stands outside: nothing else reads or
// writes this table, and it shares no transaction with anything.
type SandboxTransaction struct{ ent.Schema }

// Fields of a SandboxTransaction.
func (SandboxTransaction) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(),
		field.String("request_id").Unique().Immutable().Comment("the caller's id: the same one again is the same transaction"),
		field.Int("cents").Positive().Immutable(),
		field.String("currency").Immutable(),
		field.String("method").Immutable(),
		field.String("purpose").Immutable(),
		field.String("return_url").Immutable(),
		field.String("notify_url").Immutable(),
		field.String("reference").Default("").Comment("Kassenzeichen, once paid"),
		field.Enum("status").Values("OPEN", "PAID", "FAILED", "CANCELED", "REFUNDED"),
		field.Time("created_at").Immutable(),
		field.Time("changed_at"),
		field.Time("notified_at").Optional().Nillable().Comment("when the webhook of its last change was taken; null: it is owed"),
		field.Int("attempts").Default(0).Comment("of the webhook that is owed"),
	}
}

// Indexes of a SandboxTransaction.
func (SandboxTransaction) Indexes() []ent.Index {
	return []ent.Index{index.Fields("notified_at", "changed_at")}
}
