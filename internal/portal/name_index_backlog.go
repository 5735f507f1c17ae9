package portal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/internal/problem"
)

// Bookings and applications that were there before names were indexed are indexed in slices, newest first: a transaction
// each, so that nobody waits for them.
const (
	namesSlice = 200
	namesTurn  = 100            // slices of a kind in one run; the next one goes on
	namesPause = 24 * time.Hour // before the second pass, which finds what processes of the version before wrote meanwhile
)

// IndexNames indexes names of what was there before names were indexed: so many slices at most.
func (p *Portal) IndexNames(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "IndexNames")

	for _, backlog := range []struct {
		kind  string
		slice func(context.Context, *Tx, string) ([]string, error)
	}{
		{namedAppointment, nameAppointments},
		{namedApplication, p.nameApplications},
	} {
		more := true
		for range namesTurn {
			if !more {
				break
			}
			if err := p.write(ctx, func(ctx context.Context, tx *Tx) (err error) {
				more, err = tx.indexSlice(ctx, backlog.kind, backlog.slice)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexSlice indexes one slice of a kind's backlog, and reports whether there is more to do now.
func (tx *Tx) indexSlice(ctx context.Context, kind string, slice func(context.Context, *Tx, string) ([]string, error)) (more bool, err error) {
	if err := tx.tick(ctx); err != nil {
		return false, err
	}
	a := tx.Args()
	after, passes := "", 0
	err = tx.SQL.QueryRowContext(ctx, `SELECT after, passes FROM name_backlog WHERE kind = `+a.Bind(kind)+` AND due <= `+a.Bind(tx.now), a.List()...).
		Scan(&after, &passes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ids, err := slice(ctx, tx, after)
	if err != nil {
		return false, err
	}
	next := tx.now
	if more = len(ids) == namesSlice; more {
		after = ids[len(ids)-1]
	} else {
		after, passes, next = "", passes-1, next.Add(namesPause)
	}
	a = tx.Args()
	query := `DELETE FROM name_backlog WHERE kind = ` + a.Bind(kind)
	if passes > 0 {
		a = tx.Args()
		query = `UPDATE name_backlog SET after = ` + a.Bind(after) + `, passes = ` + a.Bind(passes) + `, due = ` + a.Bind(next) + ` WHERE kind = ` + a.Bind(kind)
	}
	_, err = tx.exec(ctx, a, query)
	return more, err
}

// nameAppointments indexes a slice of appointments older than one, and returns their ids, newest first.
func nameAppointments(ctx context.Context, tx *Tx, after string) (ids []string, err error) {
	query := tx.Appointment.Query()
	if after != "" {
		query.Where(appointment.IDLT(after))
	}
	if tx.Dialect == dialect.Postgres {
		query.Modify(func(s *entsql.Selector) { s.For("SHARE") }) // a name that is corrected meanwhile waits, and wins
	}
	rows, err := query.Order(ent.Desc(appointment.FieldID)).Limit(namesSlice).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range rows {
		ids = append(ids, a.ID)
		if err := tx.indexAppointment(ctx, nil, a); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// nameApplications does the same for applications that are, or were, with an office.
func (p *Portal) nameApplications(ctx context.Context, tx *Tx, after string) (ids []string, err error) {
	query := tx.Application.Query()
	if after != "" {
		query.Where(application.IDLT(after))
	}
	rows, err := query.WithRequests().WithCase(func(q *ent.CaseFileQuery) {
		q.Select(casefile.FieldID, casefile.FieldGivenName, casefile.FieldFamilyName)
	}).Order(ent.Desc(application.FieldID)).Limit(namesSlice).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, app := range rows {
		ids = append(ids, app.ID)
		if app.SubmittedAt == nil {
			continue
		}
		t, err := p.Town(ctx, app.MunicipalityID)
		if err != nil {
			return nil, err
		}
		if t == nil {
			continue
		}
		corrected := []string{""}
		for _, r := range app.Edges.Requests {
			corrected = append(corrected, r.Corrections)
		}
		for _, answers := range corrected {
			if err := tx.indexApplication(ctx, app, app.Edges.Case, t.Zone, answers); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}
