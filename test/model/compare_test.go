package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// compare looks at the book as people and staff see it. At the process that was asked last all is true at once; the
// other is nudged within a bounded time.
func (m *machine) compare() {
	want := m.wanted()
	require.Equal(m.t, want, m.offered(m.at), "after %s, at process %d, %s", m.last, m.at, m.book.now.In(m.zone))
	for i := range m.processes {
		deadline := time.Now().Add(5 * time.Second)
		for i != m.at && !equal(want, m.offered(i)) {
			require.True(m.t, time.Now().Before(deadline), "after %s, process %d isn't right after 5 s, %s", m.last, i, m.book.now.In(m.zone))
			<-time.After(2 * time.Millisecond)
		}
	}
	m.compareBoards()
}

func equal(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal[[]string]) }

// wanted is what the model says is free, by service.
func (m *machine) wanted() map[string][]string {
	want := map[string][]string{}
	for _, service := range services() {
		want[service] = []string{}
		for _, day := range m.days {
			for _, at := range m.book.starts(service, day) {
				want[service] = append(want[service], at.Format(time.RFC3339))
			}
		}
	}
	return want
}

// offered is what a process says is free. It is asked without a token and always in the same words, so that answers
// are kept whole wherever they may be.
func (m *machine) offered(process int) map[string][]string {
	var query strings.Builder
	query.WriteString("query($office: ID!, $from: Date!) {")
	for i, service := range services() {
		fmt.Fprintf(&query, ` s%d: availability(input: {office: $office, from: $from, days: 2, concerns: [{service: %q}]}) { days { starts } }`, i, m.service[service])
	}
	query.WriteString("}")
	a := m.processes[process].Anonymous().For(m.t).Do(query.String(), suite.Vars{"office": m.place.Office, "from": m.days[0].Format(time.DateOnly)})
	got := map[string][]string{}
	for i, service := range services() {
		got[service] = []string{}
		for _, day := range a.OK(fmt.Sprintf("s%d.days", i)).Array() {
			for _, start := range day.Get("starts").Array() {
				got[service] = append(got[service], start.String())
			}
		}
	}
	return got
}

// compareBoards: everything that stands is on the board, once, at its counter, and nothing else is.
func (m *machine) compareBoards() {
	want := []string{}
	for _, a := range m.book.standing() {
		at := a.counter
		if a.called != "" {
			at = a.called
		}
		want = append(want, line(a.id, a.status, a.start, a.end(), at, a.family, a.calls))
	}
	got := []string{}
	for _, day := range m.days {
		for _, a := range m.board(m.client(staff), day).Get("appointments").Array() {
			got = append(got, line(a.Get("id").String(), a.Get("status").String(), m.instant(a.Get("start")), m.instant(a.Get("end")), m.label[a.Get("counter.label").String()],
				a.Get("person.familyName").String(), int(a.Get("calls").Int())))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(m.t, want, got, "after %s", m.last)
}

func line(id, status string, start, end time.Time, counter, family string, calls int) string {
	return fmt.Sprintf("%s %s %s to %s at %s for %q, called %d times", id, status, start.UTC().Format(time.RFC3339), end.UTC().Format(time.TimeOnly), counter, family, calls)
}

// compareAll looks, at the end of a run, at what owners see of their appointments and at the cells themselves.
func (m *machine) compareAll() {
	for who := range m.cases {
		got := map[string]string{}
		for _, a := range m.client(who).Do(`{ viewer { case { appointments { id status } } } }`, nil).OK("viewer.case.appointments").Array() {
			got[a.Get("id").String()] = a.Get("status").String()
		}
		want := map[string]string{}
		for _, a := range m.book.list {
			if a.owner == who {
				want[a.id] = m.book.shown(a)
			}
		}
		require.Equal(m.t, want, got, "what case %d sees", who)
	}

	want := []string{}
	for _, a := range m.book.standing() {
		for at := a.start; at.Before(a.end()); at = at.Add(5 * time.Minute) {
			want = append(want, fmt.Sprint(a.counter, " ", at.Unix()/300, " ", a.id))
		}
	}
	got := m.cells()
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(m.t, want, got, "the cells of both days")
}

// cells are the rows of the book that count now: counter, cell and appointment.
func (m *machine) cells() []string {
	a := m.db.Args()
	rows, err := m.db.ReadDB().QueryContext(m.t.Context(), `SELECT c.slug, l.cell, l.appointment_id FROM allocation l
		JOIN counters c ON c.number = l.counter
		WHERE l.cell >= `+a.Bind(m.days[0].Unix()/300)+` AND l.cell < `+a.Bind(m.days[1].AddDate(0, 0, 1).Unix()/300)+`
		AND (l.held_until IS NULL OR l.held_until > `+a.Bind(m.book.now)+`)`, a.List()...)
	require.NoError(m.t, err)
	defer rows.Close()
	got := []string{}
	for rows.Next() {
		var slug, id string
		var cell int64
		require.NoError(m.t, rows.Scan(&slug, &cell, &id))
		got = append(got, fmt.Sprint(slug, " ", cell, " ", id))
	}
	require.NoError(m.t, rows.Err())
	return got
}
