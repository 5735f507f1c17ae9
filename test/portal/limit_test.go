package portal_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// contact changes the contact of a case.
func contact(c *suite.Client, place suite.Place) *suite.Answer {
	return mutate(c, "setContact", suite.Vars{"givenName": "Erika", "familyName": "Mustermann", "privacyNotice": place.Notice})
}

// TestLimits does each thing that is scarce, or stays, once more than it may be done.
func TestLimits(t *testing.T) {
	t.Parallel()
	held := func(w *world, c *suite.Client, n int) *suite.Answer {
		return c.Hold(w.place, w.anonymous.Starts(w.place, 10)[n], suite.Key())
	}
	for name, test := range map[string]struct {
		limit func(*server.Config)
		once  func(w *world, c *suite.Client, n int) *suite.Answer
		other bool // whether another case may still do it
	}{
		"changes of a contact": {
			func(c *server.Config) { c.ContactsPerDay = 3 },
			func(w *world, c *suite.Client, _ int) *suite.Answer { return contact(c, w.place) }, true,
		},
		"writes of a case": {
			func(c *server.Config) { c.CaseWritesPerMinute = 4 }, // the first opened it
			func(w *world, c *suite.Client, _ int) *suite.Answer { return contact(c, w.place) }, true,
		},
		"writes of a network": {
			func(c *server.Config) { c.NetworkWritesPerMinute = 5 }, // two opened cases
			func(w *world, c *suite.Client, _ int) *suite.Answer { return contact(c, w.place) }, false,
		},
		"holds of a network": {
			func(c *server.Config) { c.HoldsPerHour = 3 },
			func(w *world, c *suite.Client, n int) *suite.Answer {
				a := held(w, c, n)
				if id := a.Get("data.holdSlot.appointment.id").String(); id != "" {
					c.On("releaseHold", id, suite.Key()).OK("releaseHold.appointment")
				}
				return a
			}, false,
		},
		"bookings of a network": {
			func(c *server.Config) { c.BookingsPerDay = 3 },
			func(w *world, c *suite.Client, n int) *suite.Answer {
				return c.Book(w.place, held(w, c, n).OK("holdSlot.appointment.id").String(), suite.Key())
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite.Each(t, func(t *testing.T, b *suite.Backend) {
				w := &world{Process: suite.Serve(t, b, test.limit)}
				w.anonymous, w.database, w.place = w.Anonymous(), w.Database(), w.Place()
				me, other := w.Case(), w.Case()
				for n := range 3 {
					require.Empty(t, test.once(w, me, n).Problem())
				}
				a := test.once(w, me, 3)
				refused(t, a, "RATE_LIMITED", "")
				require.Positive(t, a.Get("data.*.problems.0.retryAfterSeconds").Int(), a.Raw)
				require.Regexp(t, `^Zu viele Anfragen\. Bitte versuchen Sie es in (einer|[0-9]+) (Sekunden?|Minuten?|Stunden?) wieder\.$`, a.Get("data.*.problems.0.message").String())
				code := test.once(w, other, 4).Problem()
				require.Equal(t, test.other, code == "", code)
			})
		})
	}
}

// TestExemptNetworksAndStaffAreNotLimited books beyond every limit, from a terminal of the town hall's and as a clerk.
func TestExemptNetworksAndStaffAreNotLimited(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		tight := func(c *server.Config) {
			c.OpeningsPerHour, c.HoldsPerHour, c.BookingsPerDay, c.NetworkWritesPerMinute, c.NetworkQueue = 1, 1, 1, 1, 1
		}
		p := suite.Serve(t, b, tight, func(c *server.Config) { c.ExemptNetworks, c.ExemptTimes = []string{"127.0.0.0/8"}, 0 })
		place := p.Place()
		starts := p.Anonymous().Starts(place, 3)
		for n := range 3 {
			p.Case().Booked(place, starts[2*n])
		}
		q := suite.Serve(t, b.Anew(t), tight)
		place = q.Place()
		for n := range 3 {
			q.Clerk().Do(`mutation($in: BookAppointmentForInput!) { bookAppointmentFor(input: $in) { appointment { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "office": place.Office, "start": starts[2*n], "channel": "PHONE",
				"concerns": []suite.Vars{{"service": place.Service}}, "person": suite.Erika(),
			}}).OK("bookAppointmentFor.appointment")
		}
	})
}

// TestExemptNetworksHaveALimitOfTheirOwn holds as often as a network that many people share may, and once more.
func TestExemptNetworksHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b, func(c *server.Config) {
			c.HoldsPerHour, c.ExemptNetworks, c.ExemptTimes = 1, []string{"127.0.0.0/8"}, 5
		})
		place := p.Place()
		starts := p.Anonymous().Starts(place, 3)
		for n := range 5 {
			p.Case().Hold(place, starts[2*n], suite.Key()).OK("holdSlot.appointment")
		}
		refused(t, p.Case().Hold(place, starts[10], suite.Key()), "RATE_LIMITED", "")
	})
}

// TestOpenAppointmentsOfACase counts holds and bookings that lie ahead, and nothing that is over.
func TestOpenAppointmentsOfACase(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := &world{Process: suite.Serve(t, b, func(c *server.Config) { c.AppointmentsPerCase = 3 })}
		w.anonymous, w.database, w.place = w.Anonymous(), w.Database(), w.Place()
		me := w.Case()
		starts := w.anonymous.Starts(w.place, 3)
		first := me.Booked(w.place, starts[0])
		me.Booked(w.place, starts[4])
		held := me.Hold(w.place, starts[8], suite.Key()).OK("holdSlot.appointment.id").String()
		w.unchanged(t, func() {
			a := me.Hold(w.place, starts[12], suite.Key())
			refused(t, a, "APPOINTMENT_LIMIT", "input.office")
			require.Equal(t, "Sie haben hier schon 3 Termine. Bitte verschieben Sie einen davon, oder sagen Sie einen ab.", a.Get("data.holdSlot.problems.0.message").String())
		})
		me.Book(w.place, held, suite.Key()).OK("bookAppointment.appointment") // it was counted before
		me.Reschedule(held, starts[12], suite.Key()).OK("rescheduleAppointment.appointment")
		w.Case().Booked(w.place, starts[16])
		me.On("cancelAppointment", held, suite.Key()).OK("cancelAppointment.appointment")
		held = me.Hold(w.place, starts[12], suite.Key()).OK("holdSlot.appointment.id").String()
		refused(t, me.Hold(w.place, starts[20], suite.Key()), "APPOINTMENT_LIMIT", "input.office")
		me.On("releaseHold", held, suite.Key()).OK("releaseHold.appointment")
		me.Booked(w.place, starts[12])
		w.Clock.Set(me.Instant(first.Get("end").String()).Add(time.Minute)) // nobody has noted what became of it
		me.Hold(w.place, starts[20], suite.Key()).OK("holdSlot.appointment")
	})
}

// TestManyWritesOfOneCaseKeepNobodyWaiting has many connections of one case write all the time, and asks how long somebody
// else waits meanwhile.
//
//nolint:paralleltest // it measures how long others wait
func TestManyWritesOfOneCaseKeepNobodyWaiting(t *testing.T) {
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		for _, connections := range []int{40, 150} {
			t.Run(fmt.Sprint(connections), func(t *testing.T) {
				p := suite.Serve(t, b.Anew(t), func(c *server.Config) { c.CaseQueue = server.Defaults().CaseQueue })
				place, me, other := p.Place(), p.Case(), p.Case()
				contact(me, place).OK("setContact.case")
				stop := make(chan struct{})
				var running sync.WaitGroup
				var mu sync.Mutex
				outcomes := map[string]int{}
				crowd := *me
				crowd.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
				t.Cleanup(crowd.HTTP.CloseIdleConnections)
				for range connections {
					mine := map[string]int{}
					running.Go(func() {
						for {
							select {
							case <-stop:
								mu.Lock()
								for code, n := range mine {
									outcomes[code] += n
								}
								mu.Unlock()
								return
							default:
							}
							a, err := crowd.Try(`mutation($id: UUID!) { setContact(input: {idempotencyKey: $id, givenName: "Erika", familyName: "Mustermann"}) { problems { code } } }`, suite.Vars{"id": suite.Key()})
							switch {
							case err != nil:
								mine[err.Error()]++
							case a.ErrorCode() != "":
								mine[a.ErrorCode()]++
							default:
								mine[a.Problem()]++
							}
						}
					})
				}
				var liveness, reads, writes []time.Duration
				took := func(work func()) time.Duration {
					begun := time.Now()
					work()
					return time.Since(begun)
				}
				for range 30 {
					liveness = append(liveness, took(func() { p.Anonymous().Do(`{ __typename }`, nil).OK("__typename") }))
					reads = append(reads, took(func() {
						other.Do(`{ viewer { case { id contact { familyName } } } }`, nil).OK("viewer.case.id")
					}))
					writes = append(writes, took(func() { contact(other, place).OK("setContact.case") }))
				}
				close(stop)
				running.Wait()
				slices.Sort(liveness)
				slices.Sort(reads)
				slices.Sort(writes)
				t.Logf("alive median %s, slowest %s; read median %s, slowest %s; write median %s, slowest %s; the others: %v",
					liveness[15], liveness[29], reads[15], reads[29], writes[15], writes[29], outcomes)
				// Waiting for a connection that a write of the case holds took up to ten seconds. What the machine's processors
				// take is waited for by whoever asks anything.
				machine := 4 * liveness[29]
				require.Less(t, reads[29], 2*time.Second+machine)
				require.Less(t, writes[29], 2*time.Second+machine)
				require.Positive(t, outcomes[""])
				for code := range outcomes {
					require.Contains(t, []string{"", "RATE_LIMITED"}, code, outcomes)
				}
			})
		}
	})
}
