package portal

import (
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"

	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/store"
	"nelke/internal/testbed"
)

// What a person asks for by an id is looked for among their own rows: the database reads as much for an id of somebody else's as
// for one that no row has. PostgreSQL counts the pages and rows; SQLite says by which index it goes.
func TestAnIDIsLookedForAmongOnesOwn(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { t.Helper(); return testbed.Postgres(t) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), store.Config{DatabaseURL: url(t), DataDir: t.TempDir()})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			require.NoError(t, s.Migrate(t.Context()))
			crowd(t, s, 20_000)
			for _, statement := range []string{ // four appointments of each of many cases; one case has none
				`INSERT INTO cases (id, municipality_id, key_hash, opened_at) SELECT 'c' || id, 'm', 'hash' || id, created_at FROM appointments WHERE id < 'appointment_1000005000'`,
				`UPDATE appointments SET case_id = 'cappointment_100000' || substr(id, 19, 4) WHERE substr(id, 19, 4) BETWEEN '0001' AND '4999'`,
				`INSERT INTO cases (id, municipality_id, key_hash, opened_at) SELECT 'own', 'm', 'hash', opened_at FROM cases WHERE id = 'c'`,
				`ANALYZE`,
			} {
				_, err := s.WriteDB().ExecContext(t.Context(), statement)
				require.NoError(t, err, statement)
			}

			ctx := identity.WithActor(t.Context(), identity.Actor{Kind: identity.CaseHolder, CaseKeyHash: "hash"})
			p := &Portal{store: s}
			appointments, err := p.seesAppointments(ctx)
			require.NoError(t, err)
			applications, err := p.seesApplications(ctx)
			require.NoError(t, err)
			payments, err := p.seesPayments(ctx)
			require.NoError(t, err)
			cases, err := p.seesCases(ctx)
			require.NoError(t, err)
			const none = "appointment_none000000"
			for _, row := range []struct {
				table, foreign string
				where          func(id string) []func(*sql.Selector)
			}{
				{"appointments", "appointment_1000010007", func(id string) []func(*sql.Selector) {
					return []func(*sql.Selector){withID[predicate.Appointment](ctx, appointment.FieldID, id), appointments}
				}},
				{"cases", "c", func(id string) []func(*sql.Selector) {
					return []func(*sql.Selector){withID[predicate.CaseFile](ctx, casefile.FieldID, id), cases}
				}},
				{"applications", "", func(id string) []func(*sql.Selector) {
					return []func(*sql.Selector){withID[predicate.Application](ctx, application.FieldID, id), applications}
				}},
				{"payments", "", func(id string) []func(*sql.Selector) {
					return []func(*sql.Selector){withID[predicate.Payment](ctx, payment.FieldID, id), payments}
				}},
			} {
				read := func(id string) string {
					selector := sql.Dialect(s.Dialect).Select("id").From(sql.Table(row.table))
					for _, condition := range row.where(id) {
						condition(selector)
					}
					text, args := selector.Query()
					if s.Dialect == dialect.Postgres {
						text = "(ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, COSTS OFF) " + text
					}
					a := s.Args()
					for _, arg := range args {
						a.Bind(arg)
					}
					plan, _, _ := strings.Cut(explain(t, s, text, a), "Planning:") // whose pages depend on the connection
					if row.table == "cases" && id == row.foreign {
						return strings.ReplaceAll(plan, "{"+id+"}", "{ID}") // the id is in other words, too
					}
					return strings.ReplaceAll(plan, id, "ID")
				}
				if s.Dialect != dialect.Postgres {
					require.NotRegexp(t, `SEARCH `+row.table+` USING .*\(id=\?\)`, read(none), row.table)
					continue
				}
				if row.foreign == "" {
					continue // there are none here, and a table without rows is read whole
				}
				read(none) // what is read once
				require.Equal(t, read(none), read(row.foreign), row.table)
				require.NotContains(t, read(none), "Seq Scan on appointments", row.table)
			}
		})
	}
}
