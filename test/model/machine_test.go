package model

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
	"nelke/test/suite/property"
)

// TestBook runs random operations against the service and against the plain model, and compares everything that people
// and staff can see after each of them: what is free, whose what is, and until when. On PostgreSQL there are two
// processes, and each operation goes to either.
func TestBook(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		for _, sweepers := range []bool{true, false} {
			t.Run(fmt.Sprintf("sweepers %t", sweepers), func(t *testing.T) {
				if !sweepers && b.Redis != nil {
					b = suite.Postgres(t)
				}
				town := openTown(t, b, sweepers)
				for town.operations < operations() {
					rapid.Check(t, func(rt *rapid.T) {
						m := town.begin(t, rt)
						rt.Repeat(m.actions())
						m.compareAll()
					})
				}
				town.audit(t)
				town.covered(t)
			})
		}
	})
}

// operations is how many there are at least, on each backend with sweepers and without.
func operations() int {
	if os.Getenv("NELKE_PROOFS") == "long" {
		return 20_000
	}
	return 700
}

// town is a running service with Blomberg in it. Each run of the machine takes place in a week of its own, later than
// the one before: what is booked stays booked, and disturbs nobody.
type town struct {
	processes []*suite.Process
	clock     *suite.Clock
	zone      *time.Location
	place     suite.Place
	service   map[string]string // ids by slug
	label     map[string]string // slugs of counters by label
	counter   map[string]string // ids of counters by slug
	db        *store.Store

	weeks      int // that were used or left out
	operations int
	outcomes   map[string]int // how often one ended so
}

func openTown(t *testing.T, b *suite.Backend, sweepers bool) *town {
	t.Helper()
	set := func(c *server.Config) { c.Sweepers = sweepers }
	p := suite.Serve(t, b, set)
	w := &town{
		processes: []*suite.Process{p}, clock: p.Clock, zone: suite.Start().Location(), place: p.Place(),
		service: map[string]string{}, label: map[string]string{}, counter: map[string]string{}, outcomes: map[string]int{},
	}
	if b.Redis != nil {
		w.processes = append(w.processes, p.Beside(b, set))
	}
	for _, slug := range services() {
		w.service[slug] = p.Anonymous().Do(`query($s: String!) { publicService(by: {slug: {municipality: "blomberg", service: $s}}) { id } }`,
			suite.Vars{"s": slug}).OK("publicService.id").String()
	}
	for _, c := range blomberg(w.clock.Now(), w.zone).counters {
		w.label[c.label] = c.slug
	}
	for _, c := range p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id label } } } }`, nil).OK("municipality.offices.0.counters").Array() {
		w.counter[w.label[c.Get("label").String()]] = c.Get("id").String()
	}
	db, err := store.Open(t.Context(), store.Config{DatabaseURL: p.Config.DatabaseURL, DataDir: p.Config.Data, Clock: w.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.db = db
	return w
}

func (w *town) audit(t *testing.T) {
	t.Helper()
	events, faults, err := server.Audit(t.Context(), w.processes[0].Config)
	require.NoError(t, err)
	require.Empty(t, faults)
	require.Positive(t, events)
}

// covered fails a test that proved nothing because what matters never took place.
func (w *town) covered(t *testing.T) {
	t.Helper()
	t.Log(w.operations, "operations", w.outcomes)
	for _, outcome := range []string{
		"holdSlot", "holdSlot SLOT_TAKEN", "bookAppointment", "bookAppointment HOLD_EXPIRED", "rescheduleAppointment", "cancelAppointment", "bookAppointmentFor",
		"checkIn", "correctAppointment", "cancelAppointmentsOfCase",
	} {
		require.Positive(t, w.outcomes[outcome], outcome)
	}
	require.Positive(t, w.outcomes["undoCheckIn"]+w.outcomes["undoCall"]+w.outcomes["callAgain"]+w.outcomes["callAppointment"], "ways back")
}

// machine is one run.
type machine struct {
	*town
	t     property.T
	book  *book
	days  [2]time.Time // local midnights
	cases []*suite.Client
	clerk *suite.Client
	chief *suite.Client // a supervisor
	at    int           // the process that the last operation went to
	done  []replay
	last  string // the last operation, for what fails after it
}

// replay is an operation that took place, to be sent again.
type replay struct {
	actor   *suite.Client
	name    string
	input   suite.Vars
	outcome string // id
}

// begin finds the next ordinary Monday and Tuesday, and opens three cases.
func (w *town) begin(t *testing.T, rt *rapid.T) *machine {
	m := &machine{town: w, t: property.T{TB: t, Rapid: rt}}
	for {
		monday := suite.Start().AddDate(0, 0, 7*w.weeks)
		w.weeks++
		w.clock.Set(monday)
		if w.ordinary(m, monday) {
			m.days = [2]time.Time{midnight(monday), midnight(monday).AddDate(0, 0, 1)}
			break
		}
	}
	m.book = blomberg(w.clock.Now(), w.zone)
	for range 3 {
		m.cases = append(m.cases, w.processes[0].Case().For(m.t))
	}
	m.clerk = w.processes[0].Clerk().For(m.t)
	m.chief = w.processes[0].Staff("susi", "SUPERVISOR@"+suite.ARS).For(m.t)
	return m
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// ordinary reports whether neither day is a holiday or closed.
func (w *town) ordinary(m *machine, monday time.Time) bool {
	days := w.processes[0].Anonymous().For(m.t).Do(`query($a: ID!, $from: Date!) { node(id: $a) { ... on Office { openingHours(from: $from, days: 2) { reason } } } }`,
		suite.Vars{"a": w.place.Office, "from": monday.Format(time.DateOnly)}).OK("node.openingHours").Array()
	return len(days) == 2 && days[0].Get("reason").Type == gjson.Null && days[1].Get("reason").Type == gjson.Null
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"hold": m.hold, "hold again": m.hold, "hold once more": m.hold,
		"extend": m.extend, "book": m.confirm, "book again": m.confirm, "release": m.release,
		"reschedule": m.reschedule, "reschedule again": m.reschedule, "cancel": m.cancel, "book for": m.bookFor,
		"cancel all": m.cancelAll,
		"correct":    m.correct, "desk": m.desk, "desk again": m.desk, "desk once more": m.desk,
		"clock": m.pass, "repeat": m.repeat, "reuse": m.reuse,
		"": func(*rapid.T) { m.compare() },
	}
}

// actor draws who acts, and at which process.
func (m *machine) actor(rt *rapid.T, withStaff bool) (who int, c *suite.Client) {
	low := 0
	if withStaff {
		low = staff
	}
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	who = rapid.IntRange(low, len(m.cases)-1).Draw(rt, "actor")
	return who, m.client(who)
}

func (m *machine) client(who int) *suite.Client {
	c := m.clerk
	if who != staff {
		c = m.cases[who]
	}
	return c.At(m.processes[m.at])
}

// holder draws who acts on an appointment: one time in four anybody, otherwise its owner.
func (m *machine) holder(rt *rapid.T, a *appointment, withStaff bool) (who int, c *suite.Client) {
	who, c = m.actor(rt, withStaff)
	anybody := rapid.Bool().Draw(rt, "anybody") && rapid.Bool().Draw(rt, "really")
	if !anybody && a.owner != staff {
		return a.owner, m.client(a.owner)
	}
	return who, c
}

// start draws a time: mostly one that others want too, now and then one that isn't offered.
func (m *machine) start(rt *rapid.T) time.Time {
	day := rapid.SampledFrom(m.days[:]).Draw(rt, "day")
	clock := rapid.SampledFrom([]string{
		"09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "09:05", "09:20", "07:45", "08:00", "11:15", "12:15", "12:30", "13:30", "15:45",
	}).Draw(rt, "time")
	at, err := time.Parse("15:04", clock)
	require.NoError(m.t, err)
	return day.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
}

// one draws an appointment of this run.
func (m *machine) one(rt *rapid.T) *appointment {
	if len(m.book.list) == 0 {
		rt.Skip("nothing is in the book yet")
	}
	// The newest first, since most of what can still be done can be done with them.
	i := rapid.IntRange(0, min(len(m.book.list), 8)-1).Draw(rt, "appointment")
	return m.book.list[len(m.book.list)-1-i]
}

// do sends a mutation and gives its appointment, or the code of the problem that kept it.
func (m *machine) do(c *suite.Client, name string, input suite.Vars) (gjson.Result, string) {
	m.operations++
	m.last = fmt.Sprint(name, " at ", m.at, " ", input)
	kind := strings.ToUpper(name[:1]) + name[1:] + "Input"
	a := c.Do(`mutation($in: `+kind+`!) { `+name+`(input: $in) { `+suite.Fields+` } }`, suite.Vars{"in": input}).Clean()
	require.False(m.t, a.Get("errors").Exists(), "%s: %s", m.last, a.Raw)
	code := a.Problem()
	m.outcomes[strings.TrimSpace(name+" "+code)]++
	if code != "" {
		require.False(m.t, a.Get("data."+name+".appointment.id").Exists(), "%s: a problem and an appointment: %s", m.last, a.Raw)
		return a.Get("data." + name + ".problems.0"), code
	}
	return a.Get("data." + name + ".appointment"), ""
}

// send is do for an operation whose refusal the model foretells. A nil answer says that it was refused.
func (m *machine) send(c *suite.Client, name string, input suite.Vars, refusal string, offered ...func(time.Time) string) *gjson.Result {
	input["idempotencyKey"] = suite.Key()
	got, code := m.do(c, name, input)
	require.Equal(m.t, refusal, code, "%s at %s: %s", m.last, m.book.now.In(m.zone), got.Raw)
	if code == "SLOT_TAKEN" {
		m.offersFree(got, offered[0])
	}
	if code != "" {
		return nil
	}
	m.done = append(m.done, replay{c, name, input, got.Get("id").String()})
	return &got
}

// offersFree checks the alternatives of a refusal: on days that the model has, each can be had.
func (m *machine) offersFree(problem gjson.Result, refusal func(time.Time) string) {
	for _, alternative := range problem.Get("alternatives").Array() {
		at := m.instant(alternative)
		if at.Before(m.days[1].AddDate(0, 0, 1)) {
			require.Empty(m.t, refusal(at), "%s: %s stands among the alternatives: %s", m.last, at.In(m.zone), problem.Raw)
		}
	}
}
