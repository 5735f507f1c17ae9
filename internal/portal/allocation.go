package portal

import (
	"context"
	"errors"
	"time"

	"entgo.io/ent/dialect"

	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

// This file owns the table allocation: one row per counter and cell of five minutes, held (held_until is set) or booked
// (it is NULL), for one appointment. Its primary key is what keeps a cell from being given twice; nothing here checks
// first and inserts then. A hold ends by its column alone: whoever wants an expired cell takes it over in the statement
// that would have inserted it, so no sweeper is needed for any answer to be right.
//
// Locks are taken in one order everywhere: idempotency row, office, case, own appointment, cells ascending by
// (counter, cell), events and jobs. Every statement that locks several cells says ORDER BY.

// errRace says that somebody took a cell between our reading and our writing. Nothing is kept; read again.
var errRace = errors.New("a cell was taken meanwhile")

// span is a run of cells at one counter: lo to hi-1.
type span struct {
	counter int64
	lo, hi  int64
}

func (s span) cells() int64 { return s.hi - s.lo }

func spanAt(counter int64, start, end time.Time) span {
	return span{counter: counter, lo: schedule.CellOf(start.Unix()), hi: schedule.CellOf(end.Unix())}
}

// series is a table of one column x with the cells of a span.
func (tx *Tx) series(a *store.Args, s span) string {
	lo, hi := a.Bind(s.lo), a.Bind(s.hi)
	if tx.Dialect == dialect.Postgres {
		return "generate_series(" + lo + "::bigint, " + hi + "::bigint - 1) AS x"
	}
	return "(WITH RECURSIVE c(x) AS (SELECT " + lo + " UNION ALL SELECT x + 1 FROM c WHERE x + 1 < " + hi + ") SELECT x FROM c)"
}

// In a SELECT list a placeholder has no type of its own.
func bigint(expr string) string { return "CAST(" + expr + " AS bigint)" }
func text(expr string) string   { return "CAST(" + expr + " AS text)" }

// instant does the same for instants, which SQLite keeps as they are bound.
func (tx *Tx) instant(expr string) string {
	if tx.Dialect == dialect.Postgres {
		return expr + "::timestamptz"
	}
	return expr
}

// exec runs a statement and returns how many rows it affected.
func (tx *Tx) exec(ctx context.Context, a *store.Args, query string) (int64, error) {
	done, err := tx.SQL.ExecContext(ctx, query, a.List()...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// busy reads which cells of the counters are taken in lo to hi-1, those of one appointment left out, and the revision of
// the office's rules, in one snapshot behind the office's lock.
func (tx *Tx) busy(ctx context.Context, office string, counters []int64, lo, hi int64, except string) (revision int, taken []schedule.Allocation, err error) {
	a := tx.Args()
	rows, err := tx.SQL.QueryContext(ctx, `SELECT o.revision, l.counter, l.cell FROM offices o
		LEFT JOIN allocation l ON l.counter `+store.In(a, counters)+` AND l.cell >= `+a.Bind(lo)+` AND l.cell < `+a.Bind(hi)+`
			AND (l.held_until IS NULL OR l.held_until > `+a.Bind(tx.now)+`) AND l.appointment_id <> `+a.Bind(except)+`
		WHERE o.id = `+a.Bind(office), a.List()...)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var counter, cell *int64
		if err := rows.Scan(&revision, &counter, &cell); err != nil {
			return 0, nil, err
		}
		if counter != nil && cell != nil {
			taken = append(taken, schedule.Allocation{Counter: *counter, Cell: *cell})
		}
	}
	return revision, taken, rows.Err()
}

// occupy puts an appointment into the cells of a span: held until an instant, or booked when until is nil. An expired
// cell is taken over. errRace when one of them is somebody else's.
func (tx *Tx) occupy(ctx context.Context, appointment string, s span, until *time.Time) error {
	a := tx.Args()
	counter, id, held := bigint(a.Bind(s.counter)), text(a.Bind(appointment)), tx.instant(a.Bind(until))
	n, err := tx.exec(ctx, a, `INSERT INTO allocation AS l (counter, cell, appointment_id, held_until)
		SELECT `+counter+`, x, `+id+`, `+held+` FROM `+tx.series(a, s)+` WHERE true ORDER BY x
		ON CONFLICT (counter, cell) DO UPDATE SET appointment_id = excluded.appointment_id, held_until = excluded.held_until
		WHERE l.held_until <= `+a.Bind(tx.now))
	if err != nil {
		return err
	}
	if n != s.cells() {
		return errRace
	}
	return nil
}

// keep makes the held cells of an appointment booked ones (until is nil), or holds them longer. It counts: were a cell
// taken over, or the hold expired while we waited, not all n are there any more, and the hold is over.
func (tx *Tx) keep(ctx context.Context, appointment string, n int64, until *time.Time) error {
	a := tx.Args()
	set := tx.instant(a.Bind(until))
	var query string
	if tx.Dialect == dialect.Postgres {
		query = `WITH x AS MATERIALIZED (SELECT counter, cell FROM allocation
				WHERE appointment_id = ` + a.Bind(appointment) + ` AND held_until > ` + a.Now() + ` ORDER BY counter, cell FOR UPDATE)
			UPDATE allocation l SET held_until = ` + set + ` FROM x WHERE l.counter = x.counter AND l.cell = x.cell`
	} else {
		query = `UPDATE allocation SET held_until = ` + set + ` WHERE appointment_id = ` + a.Bind(appointment) + ` AND held_until > ` + a.Now()
	}
	affected, err := tx.exec(ctx, a, query)
	if err != nil {
		return err
	}
	if affected != n {
		return problem.New(problem.HoldExpired, "input", "appointment")
	}
	return nil
}

// move puts a booked appointment from one span to another. Both are taken in one ascending statement, so that two
// appointments that swap their times can't wait for each other; the cells left behind are freed after it.
func (tx *Tx) move(ctx context.Context, appointment string, from, to span) error {
	a := tx.Args()
	id := text(a.Bind(appointment))
	n, err := tx.exec(ctx, a, `INSERT INTO allocation AS l (counter, cell, appointment_id, held_until)
		SELECT c, x, `+id+`, `+tx.instant("NULL")+` FROM (
			SELECT `+bigint(a.Bind(to.counter))+` AS c, x FROM `+tx.series(a, to)+`
			UNION SELECT `+bigint(a.Bind(from.counter))+` AS c, x FROM `+tx.series(a, from)+`) s WHERE true ORDER BY c, x
		ON CONFLICT (counter, cell) DO UPDATE SET appointment_id = excluded.appointment_id, held_until = NULL
		WHERE l.held_until <= `+a.Bind(tx.now)+` OR l.appointment_id = excluded.appointment_id`)
	if err != nil {
		return err
	}
	union := from.cells() + to.cells()
	if from.counter == to.counter {
		union -= max(0, min(from.hi, to.hi)-max(from.lo, to.lo))
	}
	if n != union {
		return errRace
	}
	a = tx.Args()
	_, err = tx.exec(ctx, a, `DELETE FROM allocation WHERE appointment_id = `+a.Bind(appointment)+
		` AND (counter <> `+a.Bind(to.counter)+` OR cell < `+a.Bind(to.lo)+` OR cell >= `+a.Bind(to.hi)+`)`)
	return err
}

// free gives the cells of appointments back.
func (tx *Tx) free(ctx context.Context, appointments ...string) error {
	a := tx.Args()
	query := `DELETE FROM allocation WHERE appointment_id ` + store.In(a, appointments)
	if tx.Dialect == dialect.Postgres {
		query = `WITH x AS MATERIALIZED (SELECT counter, cell FROM allocation WHERE appointment_id = ANY($1) ORDER BY counter, cell FOR UPDATE)
			DELETE FROM allocation l USING x WHERE l.counter = x.counter AND l.cell = x.cell`
	}
	_, err := tx.exec(ctx, a, query)
	return err
}

// freeExpired removes the cells of appointments whose hold has expired, those that nobody has taken over. It waits for
// nobody: a cell that is locked is being taken over right now.
func (tx *Tx) freeExpired(ctx context.Context, appointments []string) error {
	a := tx.Args()
	query := `DELETE FROM allocation WHERE appointment_id ` + store.In(a, appointments) + ` AND held_until <= ` + a.Bind(tx.now)
	if tx.Dialect == dialect.Postgres {
		query = `WITH x AS MATERIALIZED (SELECT counter, cell FROM allocation
				WHERE appointment_id = ANY($1) AND held_until <= $2 ORDER BY counter, cell FOR UPDATE SKIP LOCKED)
			DELETE FROM allocation l USING x WHERE l.counter = x.counter AND l.cell = x.cell AND l.held_until <= $2`
	}
	_, err := tx.exec(ctx, a, query)
	return err
}
