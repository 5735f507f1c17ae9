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
		field.JSON("synonyms", map[string][]string{}).Comment("by language: what people type who look for it"),
	}
}
