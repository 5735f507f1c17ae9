package store

import (
	"encoding/json"
	"strconv"
	"time"
)

// Args collects the arguments of one statement written by hand and gives each its placeholder, for both databases:
//
//	a := tx.Args()
//	res, err := tx.SQL.ExecContext(ctx, `UPDATE appointments SET status = 'BOOKED'
//		WHERE id = `+a.Bind(id)+` AND held_until > `+a.Now(), a.List()...)
//
// Use one Args for one statement.
type Args struct {
	store *Store
	list  []any
	now   string // placeholder of the bound clock, once it was asked for
}

// Args begins the arguments of a statement.
func (s *Store) Args() *Args { return &Args{store: s} }

// Args begins the arguments of a statement in the transaction.
func (tx *Tx) Args() *Args { return tx.store.Args() }

// Bind adds a value and returns its placeholder, such as "$3". Instants are truncated to the microsecond.
func (a *Args) Bind(v any) string {
	switch t := v.(type) {
	case time.Time:
		v = Micro(t)
	case *time.Time:
		if t == nil {
			v = nil
		} else {
			v = Micro(*t)
		}
	}
	a.list = append(a.list, v)
	return "$" + strconv.Itoa(len(a.list))
}

// Now is the present instant as SQL: clock_timestamp() on PostgreSQL in production, a bound instant otherwise.
// Within one statement the bound one is the same wherever it stands; clock_timestamp() moves on.
func (a *Args) Now() string {
	if a.store.clock == nil {
		return "clock_timestamp()"
	}
	if a.now == "" {
		a.now = a.Bind(a.store.clock())
		if a.store.postgres() {
			a.now += "::timestamptz"
		}
	}
	return a.now
}

// In is the right-hand side of "column … one of the list": `counter ` + store.In(a, numbers).
// The text of the statement doesn't depend on the length of the list, so its plan is kept. An empty list matches nothing.
func In[T string | int64](a *Args, list []T) string {
	if a.store.postgres() {
		if list == nil {
			list = []T{} // a NULL array would compare as NULL
		}
		return "= ANY(" + a.Bind(list) + ")"
	}
	text, _ := json.Marshal(list) // strings and integers always marshal; nil becomes null, which has no rows
	return "IN (SELECT value FROM json_each(" + a.Bind(string(text)) + ") WHERE value IS NOT NULL)"
}

// Rows is a table of one column with the texts of a list, for a FROM: ` FROM `+store.Rows(a, words, "word"). As with In, the
// text of the statement doesn't depend on the length of the list.
func Rows(a *Args, list []string, column string) string {
	if a.store.postgres() {
		return "unnest(" + a.Bind(list) + "::text[]) AS " + column
	}
	text, _ := json.Marshal(list) // strings always marshal
	return "(SELECT value AS " + column + " FROM json_each(" + a.Bind(string(text)) + ") WHERE value IS NOT NULL)"
}

// List is what has been bound so far, in order.
func (a *Args) List() []any { return a.list }
