package model

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
)

// crowd is a number of cases, each at one of the processes in turn.
func crowd(n int, processes ...*suite.Process) []*suite.Client {
	cases := make([]*suite.Client, n)
	for i := range cases {
		cases[i] = processes[i%len(processes)].Case()
	}
	return cases
}

// processes are two on PostgreSQL, and the one that SQLite can have.
func processes(t *testing.T, b *suite.Backend) []*suite.Process {
	t.Helper()
	p := suite.Serve(t, b)
	if b.Redis == nil {
		return []*suite.Process{p}
	}
	return []*suite.Process{p, p.Beside(b)}
}

// outcomes counts what became of requests that ran at once.
type outcomes struct {
	mu sync.Mutex
	of map[string]int
}

func (o *outcomes) add(a *suite.Answer, err error) {
	var outcome string
	switch {
	case err != nil:
		outcome = err.Error()
	case a.ErrorCode() != "":
		outcome = a.ErrorCode()
	default:
		outcome = a.Problem()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[string]int{}
	}
	o.of[outcome]++
}

const (
	holds = `mutation($in: HoldSlotInput!) { holdSlot(input: $in) { ` + suite.Fields + ` } }`
	books = `mutation($in: BookAppointmentInput!) { bookAppointment(input: $in) { ` + suite.Fields + ` } }`
	moves = `mutation($in: RescheduleAppointmentInput!) { rescheduleAppointment(input: $in) { ` + suite.Fields + ` } }`
	gives = `mutation($in: CancelAppointmentInput!) { cancelAppointment(input: $in) { ` + suite.Fields + ` } }`
)

func holding(place suite.Place, start string) suite.Vars {
	return suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "office": place.Office, "start": start, "concerns": []suite.Vars{{"service": place.Service}},
	}}
}

func booking(place suite.Place, appointment string) suite.Vars {
	return suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "appointment": appointment, "privacyNotice": place.Notice, "person": suite.Erika(),
	}}
}

func moving(appointment, start string) suite.Vars {
	return suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "appointment": appointment, "start": start}}
}

func giving(appointment string) suite.Vars {
	return suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "appointment": appointment}}
}

// sound checks what must be true of every book: its cells are those of its appointments, and its events are in order.
func sound(t *testing.T, p *suite.Process) {
	t.Helper()
	_, faults, err := server.Audit(t.Context(), p.Config)
	require.NoError(t, err)
	require.Empty(t, faults)

	db, err := store.Open(t.Context(), store.Config{DatabaseURL: p.Config.DatabaseURL, DataDir: p.Config.Data})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	a := db.Args()
	// Each standing appointment has its cells and no others; nobody else has any that count.
	rows, err := db.ReadDB().QueryContext(t.Context(), `SELECT coalesce(a.id, l.appointment_id), coalesce(a.status, 'GONE'), count(l.cell) FROM appointments a
		FULL JOIN (SELECT * FROM allocation WHERE held_until IS NULL OR held_until > `+a.Bind(p.Clock.Now())+`) l ON l.appointment_id = a.id AND l.counter = a.counter_number
		GROUP BY 1, 2`, a.List()...)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, status string
		var cells int
		require.NoError(t, rows.Scan(&id, &status, &cells))
		switch status {
		case "BOOKED":
			require.Equal(t, 3, cells, "%s is BOOKED", id) // fifteen minutes
		case "HELD": // three, or none if it ran out
			require.Contains(t, []int{0, 3}, cells, "%s is HELD", id)
		default:
			require.Zero(t, cells, "%s is %s", id, status)
		}
	}
	require.NoError(t, rows.Err())
}

func TestRaces(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		all := processes(t, b)
		place := all[0].Place()
		starts := all[0].Anonymous().Starts(place, 28)
		require.Greater(t, len(starts), 100)

		t.Run("the last counter goes to one of fifty", func(t *testing.T) {
			racers := crowd(50, all...)
			for _, start := range starts[:5] { // from the second one on everybody is warm, and closer together
				all[0].Case().Booked(place, start) // two counters serve it: one is left
				var got outcomes
				race(50, func(i int) {
					a, err := racers[i].Try(holds, holding(place, start))
					got.add(a, err)
					if err == nil && a.Problem() == "" && a.ErrorCode() == "" { // it doesn't count against the winner's limit
						_, _ = racers[i].Try(books, booking(place, a.Get("data.holdSlot.appointment.id").String()))
					}
				})
				require.Equal(t, map[string]int{"": 1, "SLOT_TAKEN": 49}, got.of)
			}
			sound(t, all[0])
		})

		t.Run("of fifty bookings of one hold under different keys one takes place", func(t *testing.T) {
			owner := all[0].Case()
			held := owner.Hold(place, starts[8], suite.Key()).OK("holdSlot.appointment.id").String()
			var got outcomes
			race(50, func(i int) { got.add(owner.At(all[i%len(all)]).Try(books, booking(place, held))) })
			require.Equal(t, map[string]int{"": 1, "WRONG_STATE": 49}, got.of)
			sound(t, all[0])
		})

		t.Run("fifty of the same request are one", func(t *testing.T) {
			owner := all[0].Case()
			same := holding(place, starts[12])
			var got outcomes
			ids := make([]string, 50)
			race(50, func(i int) {
				a, err := owner.At(all[i%len(all)]).Try(holds, same)
				got.add(a, err)
				if err == nil {
					ids[i] = a.Get("data.holdSlot.appointment.id").String()
				}
			})
			require.Equal(t, map[string]int{"": 50}, got.of)
			for _, id := range ids {
				require.Equal(t, ids[0], id)
			}
			sound(t, all[0])
		})

		t.Run("people who want each other's times neither wait for each other nor lose their own", func(t *testing.T) {
			swap(t, all, place, starts[20:24])
			sound(t, all[0])
		})

		t.Run("a hold that is booked at the instant of its expiry is either booked or somebody else's", func(t *testing.T) {
			for round := range 20 {
				atTheInstant(t, all, place, starts[40+round])
			}
			sound(t, all[0])
		})

		t.Run("canceled and moved at once, it is canceled and nothing of it is left", func(t *testing.T) {
			for round := range 20 {
				owner := all[0].Case()
				id := owner.Booked(place, starts[70]).Get("id").String()
				var moved, gone outcomes
				race(2, func(i int) {
					if c := owner.At(all[(i+round)%len(all)]); i == 0 {
						moved.add(c.Try(moves, moving(id, starts[74])))
					} else {
						gone.add(c.Try(gives, giving(id)))
					}
				})
				// Either order is one after the other: moved first, or too late.
				require.Equal(t, map[string]int{"": 1}, gone.of)
				require.Equal(t, 1, moved.of[""]+moved.of["WRONG_STATE"], moved.of)
				status := owner.Do(`query($id: ID!) { appointment(id: $id) { status } }`, suite.Vars{"id": id}).OK("appointment.status")
				require.Equal(t, "CANCELED", status.String())
			}
			sound(t, all[0])
		})

		t.Run("of two who cancel at once one does", func(t *testing.T) {
			for range 10 {
				owner := all[0].Case()
				id := owner.Booked(place, starts[78]).Get("id").String()
				var got outcomes
				race(2, func(i int) { got.add(owner.At(all[i%len(all)]).Try(gives, giving(id))) })
				require.Equal(t, map[string]int{"": 1, "WRONG_STATE": 1}, got.of)
			}
			sound(t, all[0])
		})

		if b.Redis != nil {
			require.Zero(t, deadlocks(t, all[0].Config.DatabaseURL), "deadlocks that PostgreSQL had to break")
		}
	})
}

// swap lets six people move to random ones of four times at once, again and again: each time has two counters, so two
// places are free at any moment.
func swap(t *testing.T, all []*suite.Process, place suite.Place, times []string) {
	t.Helper()
	const people, rounds = 6, 25
	owners, ids := crowd(people, all...), make([]string, people)
	for i, owner := range owners {
		ids[i] = owner.Booked(place, times[i%len(times)]).Get("id").String()
	}
	var got outcomes
	race(people, func(i int) {
		for range rounds {
			got.add(owners[i].Try(moves, moving(ids[i], times[rand.IntN(len(times))])))
		}
	})
	require.Equal(t, people*rounds, got.of[""]+got.of["SLOT_TAKEN"], got.of)
	require.Positive(t, got.of[""])
	for i, owner := range owners {
		status := owner.Do(`query($id: ID!) { appointment(id: $id) { status } }`, suite.Vars{"id": ids[i]}).OK("appointment.status")
		require.Equal(t, "BOOKED", status.String())
	}
}

// atTheInstant moves the clock to the expiry of a hold while its owner books it and somebody else wants its time.
func atTheInstant(t *testing.T, all []*suite.Process, place suite.Place, start string) {
	t.Helper()
	clock := all[0].Clock
	all[0].Case().Booked(place, start) // one counter is left
	owner, other := all[0].Case(), all[len(all)-1].Case()
	held := owner.Hold(place, start, suite.Key()).OK("holdSlot.appointment.id").String()
	until := clock.Now().Add(10 * time.Minute)
	clock.Set(until.Add(-time.Microsecond))
	var booked, taken outcomes
	race(6, func(i int) {
		switch i {
		case 0:
			clock.Set(until)
		case 1, 2:
			booked.add(owner.At(all[i%len(all)]).Try(books, booking(place, held)))
		default:
			taken.add(other.At(all[i%len(all)]).Try(holds, holding(place, start)))
		}
	})
	require.Equal(t, 1, booked.of[""]+taken.of[""], "booked %v, taken %v", booked.of, taken.of)
	require.Equal(t, 2, booked.of[""]+booked.of["WRONG_STATE"]+booked.of["HOLD_EXPIRED"], booked.of)
	require.Equal(t, 3, taken.of[""]+taken.of["SLOT_TAKEN"]+taken.of["HOLD_LIMIT"], taken.of)
}

// deadlocks is how many PostgreSQL has found in a database.
func deadlocks(t *testing.T, url string) (n int) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, db.QueryRowContext(ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n), fmt.Sprint(url))
	return n
}

// race runs n functions at once and waits for all of them.
func race(n int, run func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			run(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
