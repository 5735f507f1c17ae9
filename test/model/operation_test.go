package model

import (
	"maps"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"nelke/test/suite"
)

func (m *machine) hold(rt *rapid.T) {
	who, c := m.actor(rt, false)
	service, start := rapid.SampledFrom(services()).Draw(rt, "service"), m.start(rt)
	quantity := 1
	if service == "abholung-ausweis-pass" {
		quantity = rapid.IntRange(1, 3).Draw(rt, "quantity")
	}
	minutes := m.book.minutes[service] * quantity
	possible := func(at time.Time) string { return m.book.refusal(service, at, minutes, true, nil) }
	refusal := possible(start)
	if m.book.holds(who) >= m.book.holdsPerCase {
		refusal = "HOLD_LIMIT"
	}
	got := m.send(c, "holdSlot", m.wish(service, quantity, start), refusal, possible)
	if got == nil {
		return
	}
	until := m.book.expiry()
	m.shows(until, *got)
	m.write(&appointment{
		id: got.Get("id").String(), owner: who, service: service, start: start, minutes: minutes, status: "HELD", until: until,
	}, m.book.free(service, start, minutes, true, nil))
}

func (m *machine) wish(service string, quantity int, start time.Time) suite.Vars {
	return suite.Vars{
		"office": m.place.Office, "start": start.Format(time.RFC3339),
		"concerns": []suite.Vars{{"service": m.service[service], "quantity": quantity}},
	}
}

// write puts an appointment into the model. The counter is the service's choice, among those that were free.
func (m *machine) write(a *appointment, free []string) {
	require.Nil(m.t, m.book.find(a.id), "%s: an id was given twice", m.last)
	a.counter = m.counterOf(a)
	require.Contains(m.t, free, a.counter, "%s: the counter wasn't free", m.last)
	m.book.list = append(m.book.list, a)
}

// counterOf asks the board, as staff see it.
func (m *machine) counterOf(a *appointment) string {
	board := m.board(m.client(staff), a.start)
	slug := m.label[board.Get(`appointments.#(id=="`+a.id+`").counter.label`).String()]
	require.NotEmpty(m.t, slug, "%s: %s isn't on the board: %s", m.last, a.id, board.Raw)
	return slug
}

func (m *machine) board(c *suite.Client, day time.Time) gjson.Result {
	return c.Do(`query($office: ID!, $date: Date!) { appointmentBoard(office: $office, date: $date) { appointments { id status start end heldUntil calls counter { label } person { familyName } } } }`,
		suite.Vars{"office": m.place.Office, "date": day.Format(time.DateOnly)}).OK("appointmentBoard")
}

func (m *machine) instant(r gjson.Result) time.Time {
	at, err := time.Parse(time.RFC3339, r.String())
	require.NoError(m.t, err, "%s: %s", m.last, r.Raw)
	return at
}

func (m *machine) extend(rt *rapid.T) {
	a := m.one(rt)
	who, c := m.holder(rt, a, false)
	refusal := m.book.refusalOfHold(a, who)
	if refusal == "" && a.extended {
		refusal = "HOLD_ALREADY_EXTENDED"
	}
	if got := m.send(c, "extendHold", suite.Vars{"appointment": a.id}, refusal); got != nil {
		a.until, a.extended = m.book.expiry(), true
		m.shows(a.until, *got)
	}
}

// shows checks the expiry that a hold's owner gets.
func (m *machine) shows(until time.Time, hold gjson.Result) {
	require.WithinDuration(m.t, until, m.instant(hold.Get("heldUntil")), 0)
}

func (m *machine) confirm(rt *rapid.T) {
	a := m.one(rt)
	who, c := m.holder(rt, a, false)
	if m.send(c, "bookAppointment", suite.Vars{
		"appointment": a.id, "privacyNotice": m.place.Notice, "person": suite.Erika(), "reminder": true,
	}, m.book.refusalOfHold(a, who)) != nil {
		a.status, a.family = "BOOKED", "Mustermann"
	}
}

func (m *machine) release(rt *rapid.T) {
	a := m.one(rt)
	who, c := m.holder(rt, a, false)
	if m.send(c, "releaseHold", suite.Vars{"appointment": a.id}, m.book.refusalOfHold(a, who)) != nil {
		a.status = "CANCELED"
	}
}

// seen reports whether an appointment is there at all for somebody.
func seen(a *appointment, who int) bool { return who == staff || a.owner == who }

func (m *machine) reschedule(rt *rapid.T) {
	a, start := m.one(rt), m.start(rt)
	who, c := m.holder(rt, a, true)
	possible := func(at time.Time) string { return m.book.refusal(a.service, at, a.minutes, who != staff, nil) }
	refusal := m.book.refusal(a.service, start, a.minutes, who != staff, a)
	switch {
	case !seen(a, who):
		refusal = "NOT_FOUND"
	case a.status != "BOOKED" || !a.start.After(m.book.now):
		refusal = "WRONG_STATE"
	}
	free := m.book.free(a.service, start, a.minutes, who != staff, a)
	if m.send(c, "rescheduleAppointment", suite.Vars{"appointment": a.id, "start": start.Format(time.RFC3339)}, refusal, possible) != nil {
		a.start = start
		a.counter = m.counterOf(a)
		require.Contains(m.t, free, a.counter, "%s: the counter wasn't free", m.last)
	}
}

func (m *machine) cancel(rt *rapid.T) {
	a := m.one(rt)
	who, c := m.holder(rt, a, true)
	refusal := ""
	switch {
	case !seen(a, who):
		refusal = "NOT_FOUND"
	case who == staff && (!m.book.stands(a) || a.status == "COMPLETED" || a.status == "NO_SHOW"),
		who != staff && (a.status != "BOOKED" || !a.end().After(m.book.now)):
		refusal = "WRONG_STATE"
	}
	if m.send(c, "cancelAppointment", suite.Vars{"appointment": a.id}, refusal) != nil {
		a.status = "CANCELED"
	}
}

// cancelAll has a supervisor cancel what lies ahead of the case of an appointment. Now and then somebody tries who may not.
func (m *machine) cancelAll(rt *rapid.T) {
	a := m.one(rt)
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	who := rapid.SampledFrom([]string{"supervisor", "supervisor", "supervisor", "clerk", "holder"}).Draw(rt, "actor")
	c, refusal := m.chief.At(m.processes[m.at]), ""
	switch who {
	case "clerk":
		c, refusal = m.client(staff), "FORBIDDEN"
	case "holder":
		c, refusal = m.client(0), "NOT_FOUND"
	}
	m.operations++
	m.last = "cancelAppointmentsOfCase of " + a.id + " by a " + who
	got := c.Do(`mutation($in: CancelAppointmentsOfCaseInput!) { cancelAppointmentsOfCase(input: $in) { appointments { id status } remaining problems { code } } }`,
		suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "appointment": a.id}}).Clean()
	require.Equal(m.t, refusal, got.Problem(), "%s: %s", m.last, got.Raw)
	m.outcomes[strings.TrimSpace("cancelAppointmentsOfCase "+refusal)]++
	var ids, expected []string
	for _, canceled := range got.Get("data.cancelAppointmentsOfCase.appointments").Array() {
		ids = append(ids, canceled.Get("id").String())
	}
	for _, b := range m.book.list {
		ahead := m.book.shown(b) == "HELD" || m.book.shown(b) == "BOOKED"
		sameCase := b == a || a.owner != staff && b.owner == a.owner // staff open a case for each booking
		if refusal == "" && sameCase && ahead && b.start.After(m.book.now) {
			expected = append(expected, b.id)
			b.status = "CANCELED"
		}
	}
	require.ElementsMatch(m.t, expected, ids, "%s: %s", m.last, got.Raw)
	require.Zero(m.t, got.Get("data.cancelAppointmentsOfCase.remaining").Int(), m.last)
}

func (m *machine) bookFor(rt *rapid.T) {
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	service, start := rapid.SampledFrom(services()).Draw(rt, "service"), m.start(rt)
	minutes := m.book.minutes[service]
	input := m.wish(service, 1, start)
	maps.Copy(input, suite.Vars{"channel": "PHONE", "person": suite.Erika()})
	possible := func(at time.Time) string { return m.book.refusal(service, at, minutes, false, nil) }
	got := m.send(m.client(staff), "bookAppointmentFor", input, possible(start), possible)
	if got != nil {
		m.write(&appointment{
			id: got.Get("id").String(), owner: staff, service: service, start: start, minutes: minutes, status: "BOOKED", family: "Mustermann",
		}, m.book.free(service, start, minutes, false, nil))
	}
}

// pass lets time pass: some minutes, or up to the very instant at which a hold runs out, or a microsecond before it.
func (m *machine) pass(rt *rapid.T) {
	next := m.book.nextExpiry()
	if next.IsZero() || rapid.Bool().Draw(rt, "some minutes") {
		m.tick(time.Duration(rapid.SampledFrom([]int{1, 2, 4, 10, 47}).Draw(rt, "minutes")) * time.Minute)
		return
	}
	m.tick(next.Sub(m.book.now) - time.Duration(rapid.IntRange(0, 1).Draw(rt, "before"))*time.Microsecond)
}

// tick stays within the clerk's token.
func (m *machine) tick(d time.Duration) {
	if m.book.now.Add(d).Sub(m.days[0]) > 29*time.Hour {
		return
	}
	m.book.now = m.book.now.Add(d)
	m.last = "clock to " + m.book.now.String()
	m.clock.Set(m.book.now)
}

// repeat sends an operation again, at either process: the same outcome, and nothing more happens.
func (m *machine) repeat(rt *rapid.T) {
	r := m.earlier(rt)
	got, code := m.do(r.actor.At(m.processes[m.at]), r.name, r.input)
	require.Empty(m.t, code, "%s, again: %s", m.last, got.Raw)
	require.Equal(m.t, r.outcome, got.Get("id").String(), "%s, again: another outcome", m.last)
}

// reuse sends another input under the key of an operation that took place.
func (m *machine) reuse(rt *rapid.T) {
	r := m.earlier(rt)
	input := maps.Clone(r.input)
	switch r.name {
	case "holdSlot", "bookAppointmentFor":
		input["start"] = m.days[1].Add(8*time.Hour + 5*time.Minute).Format(time.RFC3339)
	case "rescheduleAppointment":
		input["start"] = m.days[1].Add(8*time.Hour + 5*time.Minute).Format(time.RFC3339)
	case "bookAppointment":
		input["reminder"] = false
	default:
		rt.Skip("it has no other input")
	}
	_, code := m.do(r.actor.At(m.processes[m.at]), r.name, input)
	require.Equal(m.t, "IDEMPOTENCY_KEY_REUSED", code, m.last)
}

func (m *machine) earlier(rt *rapid.T) replay {
	if len(m.done) == 0 {
		rt.Skip("nothing was done yet")
	}
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	return rapid.SampledFrom(m.done).Draw(rt, "operation")
}
