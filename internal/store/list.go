package store

import (
	"encoding/json"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// OneOf is the condition of ent that a column has one of these values; none of them where there are none. It is what In is for
// statements written by hand: its text doesn't depend on the length of the list, which often is a client's to choose. The
// conditions that ent generates (IDIn and the like) have a parameter for each value, and PostgreSQL keeps a plan for each text.
func OneOf[P ~func(*sql.Selector), T ~string](field string, list []T) P {
	return among[P]("", field, "", list)
}

// OneOfOwn is OneOf by an expression, for which there is no index: the rows are found by the other conditions. Where these are the
// caller's own rows, the value of somebody else's row takes the time that a value takes which no row has.
func OneOfOwn[P ~func(*sql.Selector), T ~string](field string, list []T) P {
	return among[P]("", field, " || ''", list)
}

// NoneOf is the condition that a column has none of these values.
func NoneOf[P ~func(*sql.Selector), T ~string](field string, list []T) P {
	return among[P]("NOT ", field, "", list)
}

func among[P ~func(*sql.Selector), T ~string](not, field, with string, list []T) P {
	values := make([]string, len(list)) // never nil, which would compare as NULL
	for i, value := range list {
		values[i] = string(value)
	}
	return P(func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(not).WriteByte('(').Ident(s.C(field)).WriteString(with)
			if b.Dialect() == dialect.Postgres {
				b.WriteString(" = ANY(").Arg(values).WriteString("))")
				return
			}
			text, _ := json.Marshal(values) // strings always marshal
			b.WriteString(" IN (SELECT value FROM json_each(").Arg(string(text)).WriteString(")))")
		}))
	})
}
