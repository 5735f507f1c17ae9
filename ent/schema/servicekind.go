package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// ServiceKind is what services of different towns have in common: the word that joins them, how it is called, and the
// words by which people look for it. It belongs to no town. A row is never removed, since services may still name it.
type ServiceKind struct{ ent.Schema }

// Fields of a ServiceKind.
func (ServiceKind) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").StorageKey("slug").Immutable().Comment("the word in PublicService.kind"),
		field.String("leika_key").Optional().Nillable().Comment("14 digits, where one is known"),
		field.JSON("name", Text{}),
		field.JSON("occasions", []string{}).Optional().Comment("ids of the occasions on which people ask for it"),
		field.JSON("synonyms", map[string][]string{}).Comment("by language: what people type who look for it"),
	}
}

// Occasion is an event in life that brings people to the town hall, such as moving house. It groups kinds of services and
// belongs to no town. A row is never removed, since kinds may still name it.
type Occasion struct{ ent.Schema }

// Fields of an Occasion.
func (Occasion) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").StorageKey("slug").Immutable().Comment("the word in ServiceKind.occasions"),
		field.JSON("name", Text{}),
		field.Int("position").Default(0).Comment("in the list that names it"),
	}
}
