package portal

import (
	"context"
	"fmt"
	"strings"

	"nelke/ent"
	"nelke/ent/appointment"
)

// The kinds of notices that appointments call for.
const noticeReminder = "appointment.reminder"

// DeliverNotice deals with a message that is owed to a person: once per key, however often its job runs. Until there is
// mail, dealing with it means recording it. A reminder of a time that no longer stands is dropped.
func (p *Portal) DeliverNotice(ctx context.Context, subject, kind, key string) (err error) {
	defer wrap(&err, "DeliverNotice(%s)", key)

	if kind == noticeReminder {
		a, err := p.store.Reader().Appointment.Get(ctx, subject)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if a.Status != appointment.StatusBOOKED || !strings.HasSuffix(key, noticeTime(a)) {
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

// noticeKey names a notice: moved to another time and back again, an appointment calls for another one each time.
func noticeKey(a *ent.Appointment, kind string) string {
	return fmt.Sprintf("%s %s %d %s", a.ID, kind, a.Revision, noticeTime(a))
}

// noticeTime is the time of an appointment in the keys of its notices.
func noticeTime(a *ent.Appointment) string { return a.StartsAt.UTC().Format("20060102T1504") }
