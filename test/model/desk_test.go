package model

import (
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/test/suite"
)

// What the staff do at the desk on the day, and how they take it back.

// served draws who acts on an appointment at the desk: mostly staff, now and then its owner, who may not.
func (m *machine) served(rt *rapid.T) (who int, c *suite.Client) {
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	who = rapid.SampledFrom([]int{staff, staff, staff, staff, 0}).Draw(rt, "actor")
	return who, m.client(who)
}

// desk draws what the staff do.
func (m *machine) desk(rt *rapid.T) {
	rapid.SampledFrom([]func(*rapid.T){
		m.checkIn, m.checkIn, m.undoCheckIn, m.callNext, m.call, m.callAgain, m.undoCall, m.complete, m.noShow,
	}).Draw(rt, "at the desk")(rt)
}

// likely draws an appointment of today in one of some states where there is one, and otherwise, and now and then, any.
func (m *machine) likely(rt *rapid.T, states ...string) *appointment {
	var fit []*appointment
	for _, a := range m.book.list {
		if m.book.today(a) && slices.Contains(states, m.book.shown(a)) {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 || rapid.IntRange(0, 4).Draw(rt, "any") == 0 {
		return m.one(rt)
	}
	return rapid.SampledFrom(fit).Draw(rt, "likely")
}

// step sends a mutation of the desk on an appointment that may be in one of some states.
func (m *machine) step(rt *rapid.T, mutation string, input suite.Vars, a *appointment, refused string, from ...string) bool {
	who, c := m.served(rt)
	switch {
	case who != staff:
		refused = "NOT_FOUND"
	case refused == "" && !slices.Contains(from, m.book.shown(a)):
		refused = "WRONG_STATE"
	}
	input["appointment"] = a.id
	return m.send(c, mutation, input, refused) != nil
}

// otherDay is the refusal of what belongs to the day of the appointment.
func (m *machine) otherDay(a *appointment) string {
	if m.book.today(a) {
		return ""
	}
	return "WRONG_STATE"
}

func (m *machine) checkIn(rt *rapid.T) {
	a := m.likely(rt, "BOOKED", "NO_SHOW")
	if m.step(rt, "checkIn", suite.Vars{}, a, m.otherDay(a), "BOOKED", "NO_SHOW") {
		a.status, a.called = "CHECKED_IN", ""
	}
}

func (m *machine) undoCheckIn(rt *rapid.T) {
	if a := m.likely(rt, "CHECKED_IN"); m.step(rt, "undoCheckIn", suite.Vars{}, a, "", "CHECKED_IN") {
		a.status = "BOOKED"
	}
}

func (m *machine) slug(rt *rapid.T) string {
	return m.book.counters[rapid.IntRange(0, len(m.book.counters)-1).Draw(rt, "counter")].slug
}

func (m *machine) callNext(rt *rapid.T) {
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
	counter := m.slug(rt)
	first, refusal := m.book.waiting(counter), ""
	switch {
	case m.book.calling(counter) != nil:
		refusal = "COUNTER_BUSY"
	case len(first) == 0:
		refusal = "NOBODY_WAITING"
	}
	got := m.send(m.client(staff), "callNext", suite.Vars{"counter": m.counter[counter]}, refusal)
	if got == nil {
		return
	}
	a := m.book.find(got.Get("id").String())
	require.Contains(m.t, first, a, "%s: others come first", m.last)
	a.status, a.called = "CALLED", counter
	a.calls++
}

func (m *machine) call(rt *rapid.T) {
	a, counter := m.likely(rt, "CHECKED_IN", "NO_SHOW", "COMPLETED"), m.slug(rt)
	refusal := m.otherDay(a)
	if refusal == "" && m.book.calling(counter) != nil {
		refusal = "COUNTER_BUSY"
	}
	if m.step(rt, "callAppointment", suite.Vars{"counter": m.counter[counter]}, a, refusal, "CHECKED_IN", "NO_SHOW", "COMPLETED") {
		a.status, a.called = "CALLED", counter
		a.calls++
	}
}

func (m *machine) callAgain(rt *rapid.T) {
	if a := m.likely(rt, "CALLED"); m.step(rt, "callAgain", suite.Vars{}, a, "", "CALLED") {
		a.calls++
	}
}

func (m *machine) undoCall(rt *rapid.T) {
	if a := m.likely(rt, "CALLED"); m.step(rt, "undoCall", suite.Vars{}, a, "", "CALLED") {
		a.status, a.called = "CHECKED_IN", ""
	}
}

func (m *machine) complete(rt *rapid.T) {
	if a := m.likely(rt, "CALLED"); m.step(rt, "completeAppointment", suite.Vars{}, a, "", "CALLED") {
		a.status = "COMPLETED"
	}
}

func (m *machine) noShow(rt *rapid.T) {
	a, refusal := m.likely(rt, "BOOKED", "CHECKED_IN", "CALLED"), ""
	if a.start.After(m.book.now) {
		refusal = "WRONG_STATE"
	}
	if m.step(rt, "recordNoShow", suite.Vars{}, a, refusal, "BOOKED", "CHECKED_IN", "CALLED") {
		a.status = "NO_SHOW"
	}
}

// correct says anew whom an appointment is for.
func (m *machine) correct(rt *rapid.T) {
	a := m.likely(rt, "BOOKED", "CHECKED_IN", "CALLED")
	who, c := m.holder(rt, a, true)
	refusal := ""
	switch {
	case !seen(a, who):
		refusal = "NOT_FOUND"
	case who == staff && !slices.Contains([]string{"BOOKED", "CHECKED_IN", "CALLED"}, a.status),
		who != staff && (a.status != "BOOKED" || !a.start.After(m.book.now)):
		refusal = "WRONG_STATE"
	}
	family := rapid.SampledFrom([]string{"Muster", "Mustermann", "Müller"}).Draw(rt, "name")
	person := suite.Erika()
	person["familyName"] = family
	if m.send(c, "correctAppointment", suite.Vars{"appointment": a.id, "person": person, "privacyNotice": m.place.Notice}, refusal) != nil {
		a.family = family
	}
}
