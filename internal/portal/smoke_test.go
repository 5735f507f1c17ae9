package portal

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/cache"
	"nelke/internal/identity"
	"nelke/internal/job"
	"nelke/internal/live"
	"nelke/internal/store"
	"nelke/internal/testbed"
	"nelke/internal/town"
	"log/slog"
)

type open struct{}

func (open) Take(context.Context, string) (time.Duration, error) { return 0, nil }

func TestSmoke(t *testing.T) {
	for _, db := range []string{"sqlite", "pg"} {
		t.Run(db, func(t *testing.T) {
			ctx := context.Background()
			url := ""
			if db == "pg" {
				url = testbed.Postgres(t)
			}
			s, err := store.Open(ctx, store.Config{DatabaseURL: url, DataDir: t.TempDir()})
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.Migrate(ctx))
			hub := live.NewHub()
			c := cache.New(cache.Config{Hub: hub})
			jobs, err := job.New(s, job.Options{Logger: slog.Default()})
			require.NoError(t, err)
			p := New(Options{Store: s, Hub: hub, Cache: c, Jobs: jobs, Openings: open{}, Clock: time.Now, Log: slog.Default()})
			tw, err := town.Load(data.Towns, data.Blomberg)
			require.NoError(t, err)
			ch, err := p.Import(ctx, tw)
			require.NoError(t, err)
			require.True(t, ch)
			ch, err = p.Import(ctx, tw)
			require.NoError(t, err)
			require.False(t, ch)
			slug := "blomberg"
			m, err := p.Municipality(ctx, MunicipalityKey{Slug: &slug})
			require.NoError(t, err)
			o := m.Offices[0]
			sv := m.ServiceBySlug("personalausweis")
			av, err := p.Availability(ctx, AvailabilityInput{Office: o.ID, Concerns: []ConcernInput{{sv.ID, 1}}, Days: 28}, false)
			require.NoError(t, err)
			var first time.Time
			for _, d := range av.Days {
				t.Log(d.Date, d.Reason, len(d.Starts))
				if len(d.Starts) > 0 && first.IsZero() {
					first, err = time.Parse(`"`+time.RFC3339+`"`, string(d.Starts[0]))
					require.NoError(t, err)
				}
			}
			key := identity.NewCaseKey()
			cf, err := p.OpenCase(ctx, OpenCaseInput{IdempotencyKey: "a", Municipality: MunicipalityKey{Slug: &slug}, CaseKey: key}, "n", "de")
			require.NoError(t, err)
			t.Log(cf)
			actx := identity.WithActor(ctx, identity.Actor{Kind: identity.CaseHolder, CaseKeyHash: identity.HashCaseKey(key)})
			in := HoldSlotInput{IdempotencyKey: "b", Office: o.ID, Start: first, Concerns: []ConcernInput{{sv.ID, 1}}}
			a, err := p.HoldSlot(actx, in)
			require.NoError(t, err)
			b, err := p.HoldSlot(actx, in)
			require.NoError(t, err)
			require.Equal(t, a.ID, b.ID)
			a, err = p.ExtendHold(actx, HoldInput{"x", a.ID})
			require.NoError(t, err)
			n := p.Notice(m, "de")
			mail := "erika@example.org"
			a, err = p.BookAppointment(actx, BookAppointmentInput{IdempotencyKey: "c", Appointment: a.ID, PrivacyNotice: &n.ID, Person: PersonInput{"Erika", "Mustermann", &mail, nil}, Reminder: true})
			require.NoError(t, err)
			a, err = p.RescheduleAppointment(actx, RescheduleAppointmentInput{"d", a.ID, first.Add(30 * time.Minute)})
			require.NoError(t, err)
			t.Log(a)
			sctx := identity.WithActor(ctx, identity.Actor{Kind: identity.Staff, Subject: "x|y", Roles: map[string][]identity.Role{m.Ars: {identity.Clerk}}})
			a, err = p.CheckIn(sctx, AppointmentInput{"e", a.ID})
			require.NoError(t, err)
			ev, f, err := p.Audit(ctx)
			require.NoError(t, err)
			t.Log(ev, f)
			require.Empty(t, f)
		})
	}
}
