package ledger

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pass lets time pass: some seconds to days, or up to the very instant at which something is due, or a microsecond
// before it, or to midnight.
func (m *machine) pass(rt *rapid.T) {
	var due []time.Time
	for _, j := range m.worker.owed(m.t) {
		if j.due.After(m.book.now) {
			due = append(due, j.due)
		}
	}
	before := time.Duration(rapid.IntRange(0, 1).Draw(rt, "before")) * time.Microsecond
	switch rapid.IntRange(0, 4).Draw(rt, "clock") {
	case 3:
		if len(due) > 0 {
			m.goTo(due[rapid.IntRange(0, min(len(due), 3)-1).Draw(rt, "due")].Add(-before))
			return
		}
	case 4:
		local := m.book.now.In(m.zone)
		m.goTo(time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, m.zone).Add(-before))
		return
	}
	m.goTo(m.book.now.Add(rapid.SampledFrom([]time.Duration{
		time.Second, time.Minute, 5 * time.Minute, 16 * time.Minute, 31 * time.Minute, 65 * time.Minute, 7 * time.Hour, 25 * time.Hour,
		time.Second, time.Minute, 5 * time.Minute, 16 * time.Minute, 31 * time.Minute, 65 * time.Minute, 7 * time.Hour, 25 * time.Hour,
		8 * 24 * time.Hour, draftLife,
	}).Draw(rt, "by")))
}

func (m *machine) goTo(at time.Time) {
	if at.Before(m.book.now) {
		return
	}
	m.book.now = at
	m.clock.Set(at)
	m.say(nil, "the clock goes to %s", at.In(m.zone).Format("Mon 15:04:05.999999"))
}

// work does what is due: all of it, or one thing that need not be the first; a thing may be done twice, since whoever did
// it may have died before it could say so.
func (m *machine) work(rt *rapid.T) {
	due := m.due()
	mood := m.mood(rt)
	n := rapid.IntRange(0, min(len(due), 6)).Draw(rt, "what is due")
	if n == 0 {
		m.workAll(mood)
		return
	}
	twice := rapid.IntRange(0, 2).Draw(rt, "twice") == 2
	if twice {
		m.does(due[n-1], mood, false)
	}
	m.does(due[n-1], mood, true)
}

func (m *machine) due() (list []task) {
	for _, j := range m.worker.owed(m.t) {
		if !j.due.After(m.book.now) {
			list = append(list, j)
		}
	}
	return list
}

// workAll does all that is due, and what that makes due.
func (m *machine) workAll(mood moods) {
	for n := 0; ; n++ {
		require.Less(m.t, n, 100, "after %s, work makes work, for ever", m.last)
		due := m.due()
		if len(due) == 0 {
			return
		}
		for _, j := range due {
			m.does(j, mood, true)
		}
	}
}

// does does one thing that is due.
func (m *machine) does(j task, mood moods, forget bool) {
	ok := true
	var err error
	run := func() { m.within(mood, func() { err = m.worker.run(j) }) }
	p := m.book.orders[j.args.Payment]
	a := m.application(j.args.Application)
	switch {
	case p != nil:
		m.say(p.of.owner, "settle_payment %s, which is %s, the provider %s and %s", m.nameOf(p), p.status, mood.says, mood.does)
		run()
		ok = m.book.settle(p, mood)
	case a != nil:
		m.say(a.owner, "tend_draft %s, which is %s", m.name(a), a.status)
		run()
		m.book.tend(a)
	case j.args.Subject != "":
		about := m.application(j.args.Subject)
		if q := m.book.orders[j.args.Subject]; q != nil {
			about = q.of
		}
		m.say(about.owner, "deliver_notice %s", j.args.Notice)
		require.Contains(m.t, m.book.owed, j.args.Subject+" "+j.args.Notice, "%s: nobody owes it", m.last)
		run()
		m.book.deliver(about, j.args.Subject+" "+j.args.Notice, j.args.Key)
	default:
		require.Fail(m.t, "nobody's", "%s %+v", j.kind, j.args)
	}
	m.outcomes[j.kind]++
	require.Equal(m.t, ok, err == nil, "%s: %v", m.last, err)
	switch {
	case !ok:
		m.worker.failed(j, m.book.now)
	case forget:
		m.worker.done(m.t, j)
	}
}

func (m *machine) application(id string) *application {
	for _, a := range m.book.list {
		if a.id == id {
			return a
		}
	}
	return nil
}

// sweep settles whatever is due on payments, as happens every ten minutes.
func (m *machine) sweep(rt *rapid.T) { m.sweeps(m.mood(rt)) }

func (m *machine) sweeps(mood moods) {
	m.say(nil, "settle_payments, the provider %s and %s", mood.says, mood.does)
	var err error
	m.within(mood, func() { err = m.worker.portal.SettlePayments(context.Background()) })
	require.Equal(m.t, m.book.sweep(mood), err == nil, "%s: %v", m.last, err)
}

// night is what happens every night: the heads of all chains are written down, and keys of a week ago are forgotten.
func (m *machine) night(*rapid.T) {
	local := m.book.now.In(m.zone)
	m.goTo(time.Date(local.Year(), local.Month(), local.Day()+1, 3, 10, 0, 0, m.zone))
	require.NoError(m.t, m.worker.portal.DigestHeads(context.Background()), m.last)
	require.NoError(m.t, m.worker.portal.ForgetIdempotency(context.Background()), m.last)
	var kept []replay
	for _, r := range m.done {
		if !r.at.Before(m.book.now.AddDate(0, 0, -7)) {
			kept = append(kept, r)
		}
	}
	m.done = kept
}
