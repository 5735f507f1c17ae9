package portal

import (
	"context"
	"strings"

	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/payment"
	"nelke/internal/problem"
)

// column is one column of a row, with a value to write or to compare.
type column struct {
	name  string
	value any
}

// inputField is the field of a mutation's input that names a row of a table.
var inputField = map[string]string{ //nolint:gochecknoglobals // a table, never written
	appointment.Table: "appointment", application.Table: "application", payment.Table: "payment",
}

// save writes columns of one row, if all its guards still hold, and returns WRONG_STATE otherwise: of two writes that have read
// the same row one wins. The statement names all columns that can change, whichever did, so that each table has one text and
// one plan (docs/decisions/0033).
func (tx *Tx) save(ctx context.Context, table, id string, columns, guards []column) error {
	a := tx.Args()
	var query strings.Builder
	query.WriteString("UPDATE " + table + " SET ")
	for i, c := range columns {
		if i > 0 {
			query.WriteString(", ")
		}
		query.WriteString(c.name + " = " + a.Bind(c.value))
	}
	query.WriteString(" WHERE id = " + a.Bind(id))
	for _, g := range guards {
		query.WriteString(" AND " + g.name + " = " + a.Bind(g.value))
	}
	n, err := tx.exec(ctx, a, query.String())
	if err != nil {
		return err
	}
	if n != 1 {
		return problem.New(problem.WrongState, "input", inputField[table])
	}
	return nil
}
