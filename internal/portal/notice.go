package portal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/payment"
	"nelke/internal/problem"
)

// noticeReminder is the kind of the notice before an appointment. The others have the names of the events that enqueue them.
const noticeReminder = "appointment.reminder"

// DeliverNotice records that a message to a person is due, once per key, however often its job runs: nothing is sent yet. A
// reminder that is no longer wished, or of a time that no longer stands, is dropped.
func (p *Portal) DeliverNotice(ctx context.Context, subject, kind, key string) (err error) {
	defer problem.Wrap(&err, "DeliverNotice(%s)", key)

	if strings.HasPrefix(subject, "application_") || strings.HasPrefix(subject, "payment_") {
		if stands, err := p.noticeStands(ctx, subject, kind, key); err != nil || !stands {
			return err
		}
	}
	if kind == noticeReminder {
		a, err := p.store.Reader().Appointment.Get(ctx, subject)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if a.Status != appointment.StatusBOOKED || !a.Reminder || a.Email == "" || !strings.HasSuffix(key, noticeTime(a)) {
			return nil
		}
	}
	return p.write(ctx, func(ctx context.Context, tx *Tx) error {
		a := tx.Args()
		_, err := tx.exec(ctx, a, `INSERT INTO notices (subject, kind, key, at) VALUES (`+
			a.Bind(subject)+`, `+a.Bind(kind)+`, `+a.Bind(key)+`, `+a.Now()+`) ON CONFLICT DO NOTHING`)
		return err
	})
}

// noticeStands reports whether a message about an application or payment still makes sense: there is an address to send it
// to, and a draft that is said to end still does.
func (p *Portal) noticeStands(ctx context.Context, subject, kind, key string) (bool, error) {
	db := p.store.Reader()
	if strings.HasPrefix(subject, "payment_") {
		pay, err := db.Payment.Query().Where(payment.ID(subject)).WithApplication().Only(ctx)
		if err != nil {
			return false, ent.MaskNotFound(err)
		}
		subject = pay.ApplicationID
	}
	a, err := db.Application.Query().Where(application.ID(subject)).WithCase().Only(ctx)
	if err != nil {
		return false, ent.MaskNotFound(err)
	}
	if kind == noticeExpiring && (a.Status != application.StatusDRAFT || !strings.HasSuffix(key, a.ExpiresAt.UTC().Format(time.DateOnly))) {
		return false, nil
	}
	return a.Edges.Case.Email != "", nil
}

// noticeKey names a notice: moved to another time and back again, an appointment calls for another one each time, but for one
// reminder of each time.
func noticeKey(a *ent.Appointment, kind string) string {
	if kind == noticeReminder {
		return fmt.Sprintf("%s %s %s", a.ID, kind, noticeTime(a))
	}
	return fmt.Sprintf("%s %s %d %s", a.ID, kind, a.Revision, noticeTime(a))
}

// noticeTime is the time of an appointment in the keys of its notices.
func noticeTime(a *ent.Appointment) string { return a.StartsAt.UTC().Format("20060102T1504") }
