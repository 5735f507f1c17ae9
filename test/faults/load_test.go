package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// person is somebody who holds, books, moves and cancels, and notes what was answered.
type person struct {
	*suite.Client
	told map[string]told // by appointment
}

// told is what was last answered about an appointment, and whether a request about it was never answered.
type told struct {
	status, start string
	unsure        string // the operation without an answer
}

// act does one thing, and reports whether it was answered.
func (p *person) act(w suite.Place, starts []string) bool {
	var held, booked []string
	for id, about := range p.told {
		switch {
		case about.unsure != "":
		case about.status == "HELD":
			held = append(held, id)
		case about.status == "BOOKED":
			booked = append(booked, id)
		}
	}
	o, id, start := operations()[0], "", starts[rand.IntN(len(starts))]
	switch n := rand.IntN(10); {
	case len(held) > 0 && n < 6:
		o, id = operations()[1], held[0]
	case len(booked) > 0 && n < 8:
		o, id = operations()[2], booked[rand.IntN(len(booked))]
	case len(booked) > 2:
		o, id = operations()[3], booked[rand.IntN(len(booked))]
	}
	a, err := o.do(p.Client, w, id, start, start, suite.Key())
	if err != nil || a.Status != 200 {
		if about, ok := p.told[id]; ok {
			about.unsure = o.name
			p.told[id] = about
		}
		return false
	}
	if about := a.Get("data." + o.name + ".appointment"); about.IsObject() {
		p.told[about.Get("id").String()] = told{status: about.Get("status").String(), start: about.Get("start").String()}
	}
	return true
}

// TestKilledInMidLoad kills a process that many people talk to, starts another on its data when all holds have run out,
// and compares what is there with what was answered.
func TestKilledInMidLoad(t *testing.T) {
	t.Parallel()
	rounds := 1
	if os.Getenv("NELKE_PROOFS") == "long" {
		rounds = 20
	}
	for name, open := range map[string]func(*testing.T) *place{"sqlite": sqlite, "postgres": postgres} {
		for round := range rounds {
			t.Run(fmt.Sprintf("%s/%d", name, round), func(t *testing.T) {
				t.Parallel()
				p := open(t)
				first := startChild(t, p.settings)
				w := first.Place()
				starts := first.Anonymous().Starts(w, 7)
				people := make([]*person, 12)
				for i := range people {
					people[i] = &person{first.Case(), map[string]told{}}
				}
				var answered atomic.Int64
				var acting sync.WaitGroup
				for _, one := range people {
					acting.Go(func() {
						for one.act(w, starts) {
							if answered.Add(1) == 250 {
								first.shoot()
							}
						}
					})
				}
				acting.Wait()
				<-first.exited

				p.Ahead += 11 * time.Minute
				second := startChild(t, p.settings)
				n := 0
				for _, one := range people {
					n += compare(t, one, second.Process)
				}
				t.Logf("%d answers, %d appointments", answered.Load(), n)
				reappear(t, second.Process, w, people)
				p.sound(t)
			})
		}
	}
}

// compare holds what a person finds against what the person was answered.
func compare(t *testing.T, one *person, p *suite.Process) int {
	t.Helper()
	found := one.At(p).For(t).Do(`{ viewer { case { appointments { id status start } } } }`, nil).OK("viewer.case.appointments").Array()
	unknown := 0
	for _, a := range found {
		id, status, start := a.Get("id").String(), a.Get("status").String(), a.Get("start").String()
		about, ok := one.told[id]
		if !ok { // a hold whose answer was lost
			unknown++
			require.Equal(t, "EXPIRED", status, id)
			continue
		}
		was := about.status
		if was == "HELD" {
			was = "EXPIRED"
		}
		allowed := []string{was}
		switch about.unsure {
		case "bookAppointment":
			allowed = append(allowed, "BOOKED")
		case "cancelAppointment":
			allowed = append(allowed, "CANCELED")
		}
		require.Contains(t, allowed, status, "%s was told to be %+v", id, about)
		if about.unsure != "rescheduleAppointment" {
			require.Equal(t, about.start, start, "%s was told to be %+v", id, about)
		}
	}
	require.LessOrEqual(t, unknown, 1)
	require.Len(t, found, len(one.told)+unknown, "what was answered is gone")
	return len(found)
}

// reappear wants the times of expired holds for somebody else. Only a booking can be in the way: starts are as far apart
// as an appointment is long, so none but one of the same start.
func reappear(t *testing.T, p *suite.Process, w suite.Place, people []*person) {
	t.Helper()
	booked := map[string]bool{}
	var expired []string
	for _, one := range people {
		for _, about := range one.told {
			switch {
			case about.status == "BOOKED", about.unsure != "":
				booked[about.start] = true
			case about.status == "HELD":
				expired = append(expired, about.start)
			}
		}
	}
	slices.Sort(expired)
	for _, start := range slices.Compact(expired) {
		if a := p.Case().Hold(w, start, suite.Key()); !booked[start] || a.Problem() != "SLOT_TAKEN" {
			a.OK("holdSlot.appointment.id")
		}
	}
}

// TestStopUnderLoad stops a process gracefully while people talk to it: whatever had an effect was answered.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b, func(c *server.Config) { c.StopDelay = 300 * time.Millisecond })
		w := p.Place()
		starts := p.Anonymous().Starts(w, 7)
		var held, acted atomic.Int64
		var busy sync.WaitGroup
		enough := make(chan struct{})
		for range 8 {
			owner := p.Case()
			busy.Go(func() {
				for {
					a, err := operations()[0].do(owner, w, "", starts[rand.IntN(len(starts))], "", suite.Key())
					if err != nil {
						return
					}
					if acted.Add(1) == 100 {
						close(enough)
					}
					id := a.Get("data.holdSlot.appointment.id").String()
					if id == "" {
						continue
					}
					held.Add(1)
					if _, err := send(owner, "releaseHold", "ReleaseHoldInput", suite.Vars{"idempotencyKey": suite.Key(), "appointment": id}); err != nil {
						return
					}
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(startPatience):
			require.Fail(t, "the load doesn't get going")
		}
		stream := p.Anonymous().Subscribe(watched, tomorrow(w))
		stream.Next()
		begun := time.Now()
		require.NoError(t, p.Stop())
		took := time.Since(begun)
		require.Less(t, took, 10*time.Second)
		require.Equal(t, websocket.StatusGoingAway, stream.Closed())
		busy.Wait()

		var rows int64
		require.NoError(t, p.Database().QueryRowContext(t.Context(), `SELECT count(*) FROM appointments`).Scan(&rows))
		require.Equal(t, held.Load(), rows, "holds that were answered, and holds that are in the book")
		t.Logf("stopped in %s after %d answers", took.Round(time.Millisecond), acted.Load())
	})
}
