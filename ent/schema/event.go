package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Event is one change of a case, or of a town's catalogue, in the chain of that case or town.
// Each row carries the hash of the one before it. What is personal is there as a salted digest only,
// so that erasing the salt erases the person and leaves the chain whole.
type Event struct{ ent.Schema }

// Fields of an Event.
func (Event) Fields() []ent.Field {
	return []ent.Field{
		field.String("stream").Immutable().Comment("id of the case, or of the municipality"),
		field.Int("seq").Immutable().Comment("1, 2, 3 … within the stream"),
		field.String("municipality_id").Immutable(),
		field.Time("at").Immutable(),
		field.String("actor").Immutable(),
		field.String("subject").Immutable().Comment("id of what changed"),
		field.String("action").Immutable(),
		field.String("before").Default("").Immutable(),
		field.String("after").Default("").Immutable(),
		field.String("salt").Default(""),
		field.String("digest").Immutable().Comment("SHA-256 of the salt and what the change left behind, hex"),
		field.String("previous").Immutable(),
		field.String("hash").Immutable(),
	}
}

// Indexes of an Event.
func (Event) Indexes() []ent.Index {
	return []ent.Index{index.Fields("stream", "seq").Unique(), index.Fields("subject")}
}

// HeadDigest is the nightly digest of all chain heads of a municipality.
type HeadDigest struct{ ent.Schema }

// Fields of a HeadDigest.
func (HeadDigest) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.Time("at").Immutable(),
		field.Int("streams").Immutable(),
		field.Int("events").Immutable(),
		field.String("digest").Immutable(),
	}
}

// Indexes of a HeadDigest.
func (HeadDigest) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "at").Unique()}
}

// DigestRun is the making of nightly digests, as far as it has come. There is none between two nights.
type DigestRun struct{ ent.Schema }

// DigestedTown is the digest of one municipality's heads so far.
type DigestedTown struct {
	Streams int    `json:"streams"`
	Events  int    `json:"events"`
	Sum     []byte `json:"sum"` // the state of SHA-256
}

// Fields of a DigestRun.
func (DigestRun) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Unique().Immutable().Comment("there is one at most"),
		field.String("last").Comment("id of the last case that was read"),
		field.JSON("towns", map[string]DigestedTown{}).Comment("by id of the municipality"),
		field.Time("at").Comment("when it had come so far"),
	}
}

// Idempotency remembers the outcome of a write under the key that its caller chose.
type Idempotency struct{ ent.Schema }

// Fields of an Idempotency.
func (Idempotency) Fields() []ent.Field {
	return []ent.Field{
		field.String("scope").Immutable().Comment("actor and operation"),
		field.String("key").Immutable(),
		field.String("input_hash").Immutable(),
		field.String("outcome").Default("").Comment("id of what the write left behind"),
		field.Time("at").Immutable(),
	}
}

// Indexes of an Idempotency.
func (Idempotency) Indexes() []ent.Index {
	return []ent.Index{index.Fields("scope", "key").Unique(), index.Fields("at")}
}

// Notice is a message to a person that was due and has been dealt with. Until there is mail, dealing with it means recording it.
type Notice struct{ ent.Schema }

// Fields of a Notice.
func (Notice) Fields() []ent.Field {
	return []ent.Field{
		field.String("subject").Immutable().Comment("id of the appointment or application"),
		field.String("kind").Immutable(),
		field.String("key").Unique().Immutable().Comment("one notice, however often its job runs"),
		field.Time("at").Immutable(),
	}
}

// Indexes of a Notice.
func (Notice) Indexes() []ent.Index { return []ent.Index{index.Fields("subject")} }
