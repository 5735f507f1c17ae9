package store

import (
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"
)

func TestAConditionDoesNotGrowWithItsList(t *testing.T) {
	t.Parallel()

	for _, d := range []string{dialect.Postgres, dialect.SQLite} {
		text := func(condition func(*sql.Selector)) (string, []any) {
			s := sql.Dialect(d).Select("id").From(sql.Table("things"))
			condition(s)
			return s.Query()
		}
		none, args := text(OneOf[func(*sql.Selector), string]("kind", nil))
		require.Len(t, args, 1)
		require.NotNil(t, args[0], "NULL compares as NULL")
		many, args := text(OneOf[func(*sql.Selector)]("kind", make([]string, 1000)))
		require.Len(t, args, 1)
		require.Equal(t, none, many)
		not, _ := text(NoneOf[func(*sql.Selector)]("kind", []string{"a"}))
		require.NotEqual(t, many, not)
		require.Contains(t, not, "NOT (")
	}
}
