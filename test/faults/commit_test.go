package faults

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// operation is a write that is repeated after its first answer was lost.
type operation struct {
	name   string
	marker string // in a statement that only it sends
	action string // of its event
	do     func(c *suite.Client, w suite.Place, id, start, other, key string) (*suite.Answer, error)
}

func send(c *suite.Client, name, kind string, input suite.Vars) (*suite.Answer, error) {
	return c.Try(`mutation($in: `+kind+`!) { `+name+`(input: $in) { `+suite.Fields+` } }`, suite.Vars{"in": input})
}

func operations() []operation {
	return []operation{
		{"holdSlot", "INSERT INTO allocation", "appointment.held", func(c *suite.Client, w suite.Place, _, start, _, key string) (*suite.Answer, error) {
			return send(c, "holdSlot", "HoldSlotInput", suite.Vars{
				"idempotencyKey": key, "office": w.Office, "start": start, "concerns": []suite.Vars{{"service": w.Service}},
			})
		}},
		{"bookAppointment", "UPDATE allocation", "appointment.booked", func(c *suite.Client, w suite.Place, id, _, _, key string) (*suite.Answer, error) {
			return send(c, "bookAppointment", "BookAppointmentInput", suite.Vars{
				"idempotencyKey": key, "appointment": id, "privacyNotice": w.Notice, "person": suite.Erika(), "reminder": true,
			})
		}},
		{"rescheduleAppointment", "INSERT INTO allocation", "appointment.rescheduled", func(c *suite.Client, _ suite.Place, id, _, other, key string) (*suite.Answer, error) {
			return send(c, "rescheduleAppointment", "RescheduleAppointmentInput", suite.Vars{"idempotencyKey": key, "appointment": id, "start": other})
		}},
		{"cancelAppointment", "DELETE FROM allocation", "appointment.canceled", func(c *suite.Client, _ suite.Place, id, _, _, key string) (*suite.Answer, error) {
			return send(c, "cancelAppointment", "CancelAppointmentInput", suite.Vars{"idempotencyKey": key, "appointment": id})
		}},
	}
}

// before brings an appointment to where an operation can be done with it.
func (o operation) before(c *suite.Client, w suite.Place, start string) (id string) {
	switch o.name {
	case "holdSlot":
		return ""
	case "bookAppointment":
		return c.Hold(w, start, suite.Key()).OK("holdSlot.appointment.id").String()
	default:
		return c.Booked(w, start).Get("id").String()
	}
}

// once checks that an operation had its effect one time.
func (o operation) once(t *testing.T, p *place, id string) {
	t.Helper()
	db := suite.OpenDatabase(t, p.config(nil))
	count := func(query string, args ...any) (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&n))
		return n
	}
	require.Equal(t, 1, count(`SELECT count(*) FROM events WHERE subject = $1 AND action = $2`, id, o.action))
	require.Equal(t, 1, count(`SELECT count(*) FROM appointments`)) // the test's only one
}

// TestKilledBetweenCommitAndAnswer kills a process at the instant at which the database has committed and the process
// doesn't know it yet. Who was waiting for the answer asks again, elsewhere, under the same key.
func TestKilledBetweenCommitAndAnswer(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		t.Run("postgres/"+o.name, func(t *testing.T) {
			t.Parallel()
			p := postgres(t)
			second := p.serve(t)
			w := second.Place()
			start, other := twoStarts(second, w)
			owner := second.Case()
			id := o.before(owner, w, start)

			proxy := newProxy(t, p.databaseAddr(t))
			first := startChild(t, p.through(t, proxy.addr))
			proxy.arm(o.marker, first.shoot)
			key := suite.Key()
			_, err := o.do(owner.At(first.Process), w, id, start, other, key)
			require.Error(t, err, "an answer came from a process that was killed before it could know it")
			<-first.exited
			repeated(t, o, p, owner, w, id, start, other, key)
		})

		t.Run("sqlite/"+o.name, func(t *testing.T) {
			t.Parallel()
			p := sqlite(t)
			first := startChild(t, p.settings)
			w := first.Place()
			start, other := twoStarts(first.Process, w)
			owner := first.Case()
			id := o.before(owner, w, start)

			key := suite.Key()
			_, err := o.do(owner.At(suite.Remote(t, "http://"+muzzle(t, first))), w, id, start, other, key)
			require.Error(t, err)
			<-first.exited
			again := startChild(t, p.settings)
			repeated(t, o, p, owner.At(again.Process), w, id, start, other, key)
		})
	}
}

func twoStarts(p *suite.Process, w suite.Place) (one, other string) {
	all := p.Anonymous().Starts(w, 3)
	return all[len(all)-1], all[len(all)-8]
}

func repeated(t *testing.T, o operation, p *place, owner *suite.Client, w suite.Place, id, start, other, key string) {
	t.Helper()
	var ids []string
	for range 2 {
		a, err := o.do(owner, w, id, start, other, key)
		require.NoError(t, err)
		ids = append(ids, a.OK(o.name+".appointment.id").String())
	}
	require.Equal(t, ids[0], ids[1])
	if id != "" {
		require.Equal(t, id, ids[0])
	}
	o.once(t, p, ids[0])
	p.sound(t)
}

// TestKilledBetweenCommitAndNudge: nothing nudges the other process, which finds out by itself.
func TestKilledBetweenCommitAndNudge(t *testing.T) {
	t.Parallel()
	p := postgres(t)
	second := p.serve(t)
	w := second.Place()
	all := second.Anonymous().Starts(w, 2)
	start := all[len(all)-1]
	second.Case().Booked(w, start) // one counter is left
	owner := second.Case()
	calendar := second.Anonymous().Subscribe(watched, tomorrow(w))
	require.Contains(t, calendar.Next().Raw, start)

	proxy := newProxy(t, p.databaseAddr(t))
	first := startChild(t, p.through(t, proxy.addr))
	committed := make(chan time.Time, 1)
	proxy.arm("INSERT INTO allocation", func() {
		committed <- time.Now()
		first.shoot()
	})
	_, err := operations()[0].do(owner.At(first.Process), w, "", start, "", suite.Key())
	require.Error(t, err)
	calendar.Until(func(m gjson.Result) bool { return !offers(m, start) })
	late := time.Since(<-committed)
	t.Logf("the other process showed it after %s", late.Round(time.Millisecond))
	require.Less(t, late, 15*time.Second)
}

// offers reports whether a calendar's message has a start.
func offers(m gjson.Result, start string) bool {
	for _, s := range m.Get("data.availability.days.0.starts").Array() {
		if s.String() == start {
			return true
		}
	}
	return false
}
