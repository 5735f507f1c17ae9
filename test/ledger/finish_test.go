package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// finish goes on until no job is left, by a provider that has come to its senses, and looks at what is left.
func (m *machine) finish() {
	m.admits()
	truth := moods{truthful, truthful}
	for n := 0; ; n++ {
		require.Less(m.t, n, 1000, "there is always something owed")
		m.workAll(truth)
		owed := m.worker.owed(m.t)
		if len(owed) == 0 {
			break
		}
		next := slices.MinFunc(owed, func(x, y task) int { return x.due.Compare(y.due) }).due
		m.goTo(next)
	}
	m.say(nil, "nothing is owed any more")
	m.compare()
	m.onlyRefused()
	m.sweeps(truth)
	m.workAll(truth)
	m.compare()
	m.rested()
	m.noticed()
	m.reported()
	m.corrections()
	m.public()
	m.audited()
}

// admits is the provider telling of what nobody may ever ask it: money that it gave back by itself, and an order that it
// knew nothing of when it was asked.
func (m *machine) admits() {
	for _, p := range m.book.payments {
		if p.deal.byItself || p.deal.forgotten {
			m.tell(p, p.deal.status(), "", false)
		}
	}
}

// onlyRefused says that jobs alone have settled everything but money that the provider once said it can't give back.
func (m *machine) onlyRefused() {
	for _, p := range m.book.payments {
		require.NotContains(m.t, []string{"CREATED", "PENDING"}, p.status, m.nameOf(p))
		m.outcomes[p.status]++
		if p.reason != "" {
			m.outcomes[p.reason]++
		}
	}
}

// noticed: every notice that was due was asked for, once for each occasion, and sent to whoever has an address.
func (m *machine) noticed() {
	for notice, occasions := range m.book.owed {
		require.Len(m.t, m.book.named[notice], len(occasions), notice)
	}
	rows, err := m.db.ReadDB().QueryContext(m.t.Context(), `SELECT subject, key FROM notices`)
	require.NoError(m.t, err)
	defer rows.Close()
	want, have := []string{}, []string{}
	for key := range m.book.told {
		want = append(want, key)
	}
	for rows.Next() {
		var subject, key string
		require.NoError(m.t, rows.Scan(&subject, &key))
		if m.application(subject) != nil || m.book.orders[subject] != nil {
			have = append(have, key)
		}
	}
	require.NoError(m.t, rows.Err())
	require.ElementsMatch(m.t, want, have, "the notices")
}

// reported: all that the provider said is written down, and what came of it.
func (m *machine) reported() {
	rows, err := m.db.ReadDB().QueryContext(m.t.Context(), `SELECT payment_id, via, said, cents, outcome FROM payment_reports`)
	require.NoError(m.t, err)
	defer rows.Close()
	want, have := map[string]bool{}, map[string]bool{}
	for r := range m.book.reports {
		want[strings.Join(r[:], " ")] = true
	}
	for rows.Next() {
		var order, via, state, outcome string
		var cents int
		require.NoError(m.t, rows.Scan(&order, &via, &state, &cents, &outcome))
		if m.book.orders[order] != nil {
			have[fmt.Sprintf("%s %s %s %d %s", order, via, state, cents, outcome)] = true
		}
	}
	require.NoError(m.t, rows.Err())
	require.Equal(m.t, want, have, "what the provider said")
}

// corrections stand beside what was submitted.
func (m *machine) corrections() {
	for _, a := range m.book.list {
		asked := m.client(m.holder(a.owner)).Do(`query($id: ID!) { application(id: $id) { requests { answer answeredVia withdrawnAt corrections } } }`, suite.Vars{"id": a.id}).OK("application.requests").Array()
		require.Len(m.t, asked, a.questions, m.name(a))
		for i, r := range a.replies {
			var want any
			if r.corrected != nil {
				want = r.corrected
			}
			require.Equal(m.t, want, asked[i].Get("corrections").Value(), m.name(a))
			require.Equal(m.t, r.via, asked[i].Get("answeredVia").String(), m.name(a))
			require.Equal(m.t, r.via == "", asked[i].Get("answer").Type == gjson.Null, m.name(a))
			require.Equal(m.t, r.via == "", asked[i].Get("withdrawnAt").Type != gjson.Null, m.name(a))
		}
	}
}

// public: staff see what was submitted, and nothing else.
func (m *machine) public() {
	clerk := m.client(actor{name: "karl"})
	for _, a := range m.book.list {
		got := clerk.Do(`query($id: ID!) { application(id: $id) { `+applicationFields+` } }`, suite.Vars{"id": a.id}).OK("application")
		if a.submitted.IsZero() {
			require.False(m.t, got.IsObject(), "a draft in front of staff: %s", got.Raw)
			continue
		}
		m.shows(a, got)
	}
}

// audited finds no fault in the chains of this run's cases.
func (m *machine) audited() {
	events, faults, err := server.Audit(m.t.Context(), m.processes[0].Config)
	require.NoError(m.t, err)
	require.Positive(m.t, events)
	for _, f := range faults {
		for _, who := range m.book.people {
			require.NotEqual(m.t, who.id, f.Stream, f.String())
		}
	}
}

// quiet waits until the service's own workers have nothing left to do. While nothing is due, the clock goes to what comes
// next.
func (m *machine) quiet() {
	for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(50 * time.Millisecond) {
		require.True(m.t, time.Now().Before(deadline), "work is left after two minutes")
		var next time.Time
		row := m.db.JobDB().QueryRowContext(m.t.Context(), `SELECT scheduled_at FROM river_job
			WHERE kind IN ('settle_payment', 'tend_draft', 'deliver_notice') AND state NOT IN ('completed', 'discarded', 'cancelled')
			ORDER BY scheduled_at LIMIT 1`)
		err := row.Scan(&next)
		if errors.Is(err, sql.ErrNoRows) {
			return
		}
		require.NoError(m.t, err)
		if next.After(m.clock.Now()) {
			m.clock.Set(next)
		}
	}
}
