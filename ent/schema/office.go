package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Office is a place with an address, a time zone and opening hours.
type Office struct{ ent.Schema }

// Mixin returns the id.
func (Office) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "office"}} }

// Fields of an Office.
func (Office) Fields() []ent.Field {
	return []ent.Field{
		field.String("municipality_id").Immutable(),
		field.String("slug").Immutable(),
		field.JSON("name", Text{}),
		field.String("street"),
		field.String("house_number"),
		field.String("postal_code"),
		field.String("city"),
		field.String("phone").Optional(),
		field.String("email").Optional(),
		field.JSON("directions", Text{}).Optional().Comment("how to get there, and how to get in without steps"),
		field.String("time_zone"),
		field.String("holidays").Optional(),
		field.Int("step_minutes").Comment("online bookings start on this grid, from local midnight"),
		field.Int("lead_minutes").Comment("the soonest start, from now"),
		field.Int("horizon_days").Comment("the last bookable day, from today"),
		field.Int("hold_minutes").Comment("how long a time is kept for its owner"),
		field.Int("holds_per_case").Comment("how many times one case may hold at once"),
		field.Bool("active").Default(true),
		field.Int("position").Default(0),
		field.JSON("assumed", []string{}).Optional(),
		field.Int("revision").Default(1).Comment("raised by every change of the rules that say what may be booked"),
	}
}

// Edges of an Office.
func (Office) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("municipality", Municipality.Type).Ref("offices").Field("municipality_id").Unique().Required().Immutable(),
		edge.To("counters", Counter.Type),
		edge.To("opening_rules", OpeningRule.Type),
		edge.To("closures", Closure.Type),
		edge.To("openings", Opening.Type),
	}
}

// Indexes of an Office.
func (Office) Indexes() []ent.Index {
	return []ent.Index{index.Fields("municipality_id", "slug").Unique()}
}

// Counter is one place where one person is served at a time.
type Counter struct{ ent.Schema }

// Mixin returns the id.
func (Counter) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "counter"}} }

// Fields of a Counter.
func (Counter) Fields() []ent.Field {
	return []ent.Field{
		field.String("office_id").Immutable(),
		field.String("slug").Immutable(),
		field.JSON("label", Text{}),
		field.Int64("number").Unique().Immutable().Comment("the key of its cells in the book"),
		field.JSON("services", []string{}).Comment("ids of the public services it serves"),
		field.Bool("active").Default(true),
		field.Int("position").Default(0),
	}
}

// Edges of a Counter.
func (Counter) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("office", Office.Type).Ref("counters").Field("office_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Counter.
func (Counter) Indexes() []ent.Index {
	return []ent.Index{index.Fields("office_id", "slug").Unique()}
}

// OpeningRule says when an office, or one counter of it, is open or takes bookings online, week by week.
type OpeningRule struct{ ent.Schema }

// Mixin returns the id.
func (OpeningRule) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "opening"}} }

// Fields of an OpeningRule.
func (OpeningRule) Fields() []ent.Field {
	return []ent.Field{
		field.String("office_id").Immutable(),
		field.String("counter_id").Default("").Comment("empty: the whole office"),
		field.Enum("kind").Values("OPEN", "ONLINE"),
		field.Int("weekday").Comment("0 is Sunday"),
		field.Int("from_minute").Comment("wall clock, since 00:00"),
		field.Int("to_minute"),
		field.String("valid_from").Default("").Comment("local date; empty: always"),
		field.String("valid_to").Default("").Comment("last local date; empty: open-ended"),
		field.String("source").Default("").Comment("\"town\" where the town set it itself: an import leaves it"),
	}
}

// Edges of an OpeningRule.
func (OpeningRule) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("office", Office.Type).Ref("opening_rules").Field("office_id").Unique().Required().Immutable(),
	}
}

// Indexes of an OpeningRule.
func (OpeningRule) Indexes() []ent.Index { return []ent.Index{index.Fields("office_id")} }

// Closure is a span of days, or of hours on them, in which nobody is served.
type Closure struct{ ent.Schema }

// Mixin returns the id.
func (Closure) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "closure"}} }

// Fields of a Closure.
func (Closure) Fields() []ent.Field {
	return []ent.Field{
		field.String("office_id").Immutable(),
		field.String("counter_id").Default("").Comment("empty: the whole office"),
		field.String("from_date"),
		field.String("to_date").Comment("last date closed"),
		field.Int("from_minute").Optional().Nillable().Comment("wall clock on each of the dates; null: the whole day"),
		field.Int("to_minute").Optional().Nillable(),
		field.JSON("reason", Text{}).Optional(),
		field.String("source").Default("").Comment("\"town\" where the town set, changed or removed it itself: an import leaves it"),
		field.String("file_key").Default("").Comment("what the line of the file that it comes from says of days and hours"),
		field.Time("removed_at").Optional().Nillable().Comment("null: it holds"),
	}
}

// Edges of a Closure.
func (Closure) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("office", Office.Type).Ref("closures").Field("office_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Closure.
func (Closure) Indexes() []ent.Index { return []ent.Index{index.Fields("office_id", "to_date")} }

// Opening is a span of days with hours of their own, in place of the weekly ones and in spite of public holidays.
type Opening struct{ ent.Schema }

// Mixin returns the id. The prefix isn't that of weekly hours.
func (Opening) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: "dayopening"}} }

// Fields of an Opening.
func (Opening) Fields() []ent.Field {
	return []ent.Field{
		field.String("office_id").Immutable(),
		field.String("counter_id").Default("").Comment("empty: every counter of the office"),
		field.String("from_date"),
		field.String("to_date").Comment("last date open"),
		field.JSON("hours", []Span{}).Comment("on each of the dates, ascending"),
		field.Bool("online").Default(true).Comment("can be booked online"),
		field.JSON("reason", Text{}).Optional(),
		field.String("source").Default("").Comment("\"town\" where the town set or removed it itself: an import leaves it"),
		field.String("file_key").Default("").Comment("what the line of the file that it comes from says of days and hours"),
		field.Time("removed_at").Optional().Nillable().Comment("null: it holds"),
	}
}

// Edges of an Opening.
func (Opening) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("office", Office.Type).Ref("openings").Field("office_id").Unique().Required().Immutable(),
	}
}

// Indexes of an Opening.
func (Opening) Indexes() []ent.Index { return []ent.Index{index.Fields("office_id", "to_date")} }
