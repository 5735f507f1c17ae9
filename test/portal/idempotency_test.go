package portal_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// occasion is one write that succeeds, and another input under the same key that would succeed as well.
type occasion struct {
	mutation string
	prepare  func(w *world) (as *suite.Client, input suite.Vars)
	other    []any // what to change for another input
	table    string
}

// occasions make everything ready for each of the mutations.
func occasions() []occasion {
	hold := func(w *world, start string) string {
		return w.other.Hold(w.place, start, suite.Key()).OK("holdSlot.appointment.id").String()
	}
	booked := func(w *world, start string) string { return w.other.Booked(w.place, start).Get("id").String() }
	waiting := func(w *world, start string) string {
		id := booked(w, start)
		w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
		return id
	}
	return []occasion{
		{"openCase", func(w *world) (*suite.Client, suite.Vars) {
			return w.anonymous, suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}, "caseKey": caseKey()}
		}, nil, "cases"},
		{"setContact", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, suite.Vars{"privacyNotice": w.place.Notice, "givenName": "Max", "familyName": "Mustermann"}
		}, []any{"givenName", "Moritz"}, "events"},
		{"holdSlot", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, suite.Vars{"office": w.place.Office, "start": "2026-11-25T08:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}}
		}, []any{"start", "2026-11-25T08:15:00+01:00"}, "appointments"},
		{"extendHold", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, appointment(hold(w, "2026-11-25T08:30:00+01:00"))
		}, []any{"appointment", unknownAppointment}, "events"},
		{"releaseHold", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, appointment(hold(w, "2026-11-25T09:00:00+01:00"))
		}, []any{"appointment", ""}, "events"},
		{"bookAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, suite.Vars{"appointment": hold(w, "2026-11-25T09:30:00+01:00"), "privacyNotice": w.place.Notice, "person": person()}
		}, []any{"person", person("givenName", "Erna")}, "events"},
		{"rescheduleAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, suite.Vars{"appointment": booked(w, "2026-11-25T10:00:00+01:00"), "start": "2026-11-26T10:00:00+01:00"}
		}, []any{"start", "2026-11-26T10:15:00+01:00"}, "events"},
		{"cancelAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, appointment(booked(w, "2026-11-25T10:30:00+01:00"))
		}, []any{"appointment", ""}, "events"},
		{"bookAppointmentFor", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, suite.Vars{
				"office": w.place.Office, "start": "2026-11-25T11:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}},
				"channel": "PHONE", "person": person(),
			}
		}, []any{"channel", "EMAIL"}, "appointments"},
		{"checkIn", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, appointment(booked(w, "2026-11-23T11:00:00+01:00"))
		}, []any{"appointment", ""}, "events"},
		{"callNext", func(w *world) (*suite.Client, suite.Vars) {
			w.clerk.On("checkIn", booked(w, "2026-11-23T09:00:00+01:00"), suite.Key()).OK("checkIn.appointment.id")
			return w.clerk, suite.Vars{"counter": w.counters[0]}
		}, []any{"counter", "1"}, "events"},
		{"completeAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, appointment(w.call(w.counters[1], "2026-11-23T09:30:00+01:00"))
		}, []any{"appointment", ""}, "events"},
		{"undoCheckIn", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, appointment(waiting(w, "2026-11-23T11:15:00+01:00"))
		}, []any{"appointment", ""}, "events"},
		{"undoCall", func(w *world) (*suite.Client, suite.Vars) {
			id := waiting(w, "2026-11-23T11:30:00+01:00")
			w.clerk.CallAppointment(id, w.counters[1], suite.Key()).OK("callAppointment.appointment.id")
			return w.clerk, appointment(id)
		}, []any{"appointment", ""}, "events"},
		{"callAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, suite.Vars{"appointment": waiting(w, "2026-11-23T11:45:00+01:00"), "counter": w.counters[1]}
		}, []any{"counter", "counter_01kaqd0000e8ar0000000000zz"}, "events"},
		{"callAgain", func(w *world) (*suite.Client, suite.Vars) {
			id := waiting(w, "2026-11-23T12:00:00+01:00")
			w.clerk.CallAppointment(id, w.counters[2], suite.Key()).OK("callAppointment.appointment.id")
			return w.clerk, appointment(id)
		}, []any{"appointment", ""}, "events"},
		{"correctAppointment", func(w *world) (*suite.Client, suite.Vars) {
			return w.other, suite.Vars{"appointment": booked(w, "2026-11-26T11:00:00+01:00"), "person": person("givenName", "Erna")}
		}, []any{"person", person("givenName", "Emma")}, "events"},
		{"setServiceState", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"service": w.place.Service, "open": true, "closesAt": "2027-01-01T00:00:00+01:00"}
		}, []any{"open", false}, "events"},
		{"setFee", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"service": w.place.Service, "cents": 5000, "legalBasis": basis(), "validFrom": "2027-01-01"}
		}, []any{"cents", 6000}, "fees"},
		{"removeFee", func(w *world) (*suite.Client, suite.Vars) {
			mutate(w.admin, "setFee", suite.Vars{"service": w.place.Other, "cents": 5000, "legalBasis": basis(), "validFrom": "2027-01-01"}).OK("setFee.publicService.id")
			return w.admin, suite.Vars{"service": w.place.Other, "validFrom": "2027-01-01"}
		}, []any{"validFrom", "2027-01-02"}, "events"},
		{"resetServiceState", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"service": w.place.Service}
		}, nil, "events"},
		{"resetPaymentMethods", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"municipality": w.municipality()}
		}, nil, "events"},
		{"changeClosure", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"closure": w.ids("closures")[0], "from": "2026-12-23", "to": "2026-12-24", "reason": basis()}
		}, []any{"to", "2026-12-25"}, "events"},
		{"removeClosure", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"closure": w.ids("closures")[0]}
		}, nil, "events"},
		{"addOpening", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, w.opening()
		}, []any{"to", "2027-01-02"}, "openings"},
		{"removeOpening", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"opening": w.ids("openings")[0]}
		}, []any{"dryRun", true}, "events"},
		{"resetOpeningHours", func(w *world) (*suite.Client, suite.Vars) {
			plan(w.admin, "setOpeningHours", with(w.week(), "validFrom", "2027-02-01")).OK("setOpeningHours.office.id")
			return w.admin, suite.Vars{"office": w.place.Office, "validFrom": "2027-02-01"}
		}, []any{"validFrom", "2027-02-02"}, "events"},
		{"setPaymentMethods", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"municipality": w.municipality(), "methods": []suite.Vars{{"method": "CREDIT_CARD"}, {"method": "PAYPAL"}}}
		}, []any{"methods", []suite.Vars{{"method": "PAYPAL"}}}, "events"},
		{"setBanner", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, suite.Vars{"municipality": w.municipality(), "text": basis()}
		}, []any{"text", suite.Vars{"de": "Anderes", "en": "Something else"}}, "events"},
		{"removeBanner", func(w *world) (*suite.Client, suite.Vars) {
			mutate(w.admin, "setBanner", suite.Vars{"municipality": w.municipality(), "text": basis()}).OK("setBanner.municipality.id")
			return w.admin, suite.Vars{"municipality": w.municipality()}
		}, nil, "events"},
		{"addClosure", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, with(w.closure(), "from", "2027-01-18", "to", "2027-01-18")
		}, []any{"to", "2027-01-19"}, "closures"},
		{"setOpeningHours", func(w *world) (*suite.Client, suite.Vars) {
			return w.admin, with(w.week(), "validFrom", "2027-01-25")
		}, []any{"validFrom", "2027-01-26"}, "events"},
		{"recordNoShow", func(w *world) (*suite.Client, suite.Vars) {
			return w.clerk, appointment(booked(w, "2026-11-23T08:00:00+01:00"))
		}, []any{"appointment", ""}, "events"},
	}
}

// call books a start, checks the person in and calls them to a counter.
func (w *world) call(counter, start string) string {
	id := w.other.Booked(w.place, start).Get("id").String()
	w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
	require.Equal(w.Test(), id, w.clerk.CallNext(counter, suite.Key()).OK("callNext.appointment.id").String())
	return id
}

// A write may be repeated: the same key and input have one effect and one outcome, one after the other and fifty at
// once; another input is a problem.
func TestAWriteRepeatedHasOneEffect(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for _, o := range occasions() {
			t.Run(o.mutation, func(t *testing.T) {
				w := w.in(t)
				w.other = w.Case().For(t) // with room for holds
				as, input := o.prepare(w)
				if o.mutation == "recordNoShow" {
					w.Clock.Set(suite.Start().Add(65 * time.Minute))
				}
				input = with(input, "idempotencyKey", suite.Key())
				before := w.count(t, o.table)

				answers := make([]*suite.Answer, 50)
				var racing sync.WaitGroup
				for i := range answers {
					racing.Go(func() {
						a, err := as.Try(mutation(o.mutation), suite.Vars{"in": input})
						if err == nil {
							answers[i] = a
						}
					})
				}
				racing.Wait()
				id := answers[0].OK(o.mutation + "." + mutations[o.mutation].result + ".id").String()
				for _, a := range answers {
					require.NotNil(t, a)
					a.Clean()
					require.Equal(t, answers[0].Raw, a.Raw)
				}
				effect := w.count(t, o.table) - before
				switch o.mutation {
				case "setContact", "bookAppointment": // the notice's acknowledgement may be an event of its own
					require.LessOrEqual(t, effect, 2)
				default:
					require.Equal(t, 1, effect)
				}
				w.unchanged(t, func() {
					again := mutate(as, o.mutation, input)
					require.Equal(t, answers[0].Raw, again.Raw)
					fewer := strings.Replace(mutation(o.mutation), "{ id ", "{ id __typename again: id ", 1)
					a := as.Do(fewer, suite.Vars{"in": input})
					require.Equal(t, id, a.OK(o.mutation+"."+mutations[o.mutation].result+".again").String(), "other fields of the same outcome")

					if o.other == nil {
						return
					}
					a = mutate(as, o.mutation, with(input, o.other...))
					a.Clean()
					switch o.other[1] {
					case "", "1", unknownAppointment: // what isn't there is said first
						require.Equal(t, "NOT_FOUND", a.Problem(), a.Raw)
					default:
						refused(t, a, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey")
					}
				})
			})
		}
	})
}

func (w *world) count(t *testing.T, table string) (n int) {
	t.Helper()
	require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// The writes on an appointment take another one under a used key for what it is.
func TestAKeyUsedForAnotherAppointmentIsAProblem(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		second := w.holder.Booked(w.place, "2026-11-26T09:00:00+01:00").Get("id").String()
		third := w.holder.Hold(w.place, "2026-11-26T10:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
		for _, row := range []struct {
			mutation    string
			as          *suite.Client
			first, then string
		}{
			{"extendHold", w.holder, w.held, third},
			{"releaseHold", w.holder, w.held, third},
			{"checkIn", w.clerk, w.booked, second},
			{"recordNoShow", w.clerk, w.booked, second},
			{"cancelAppointment", w.holder, second, w.booked},
		} {
			if row.mutation == "recordNoShow" {
				w.Clock.Set(suite.Start().Add(4 * time.Hour))
			}
			key := suite.Key()
			row.as.On(row.mutation, row.first, key).OK(row.mutation + ".appointment.id")
			w.unchanged(t, func() {
				refused(t, row.as.On(row.mutation, row.then, key), "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey")
			})
		}
	})
}

func TestAKeyBelongsToItsActorAndOperation(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		key := suite.Key()
		mine := w.holder.Hold(w.place, "2026-11-25T09:00:00+01:00", key).OK("holdSlot.appointment.id").String()
		theirs := w.other.Hold(w.place, "2026-11-25T09:00:00+01:00", key).OK("holdSlot.appointment.id").String()
		require.NotEqual(t, mine, theirs)
		w.holder.On("extendHold", mine, key).OK("extendHold.appointment.id")
		w.holder.On("releaseHold", mine, key).OK("releaseHold.appointment.id")

		behalf := suite.Vars{
			"idempotencyKey": key, "office": w.place.Office, "start": "2026-11-26T09:00:00+01:00", "channel": "PHONE",
			"concerns": []suite.Vars{{"service": w.place.Service}}, "person": person(),
		}
		erna := mutate(w.clerk, "bookAppointmentFor", behalf).OK("bookAppointmentFor.appointment.id").String()
		berta := mutate(w.Staff("berta", "CLERK@"+suite.ARS), "bookAppointmentFor", behalf).OK("bookAppointmentFor.appointment.id").String()
		require.NotEqual(t, erna, berta)
		renewed := w.Staff("erna", "SUPERVISOR@"+suite.ARS) // another token of the same person
		require.Equal(t, erna, mutate(renewed, "bookAppointmentFor", behalf).OK("bookAppointmentFor.appointment.id").String())
	})
}

// What had no effect isn't remembered.
func TestARepeatAfterSlotTakenMaySucceed(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		start := "2026-11-25T14:00:00+01:00"
		start = strings.Replace(start, "25T14", "26T14", 1) // a Thursday, two counters
		first := w.holder.Hold(w.place, start, suite.Key()).OK("holdSlot.appointment.id").String()
		p := w.Case()
		p.Hold(w.place, start, suite.Key()).OK("holdSlot.appointment.id")
		key := suite.Key()
		w.unchanged(t, func() {
			a := w.other.Hold(w.place, start, key)
			refused(t, a, "SLOT_TAKEN", "input.start")
			require.Equal(t, "FULL", a.Get("data.holdSlot.problems.0.reason").String())
			require.Len(t, a.Get("data.holdSlot.problems.0.alternatives").Array(), 5)
		})
		w.holder.On("releaseHold", first, suite.Key()).OK("releaseHold.appointment.id")
		held := w.other.Hold(w.place, start, key).OK("holdSlot.appointment")
		require.Equal(t, start, held.Get("start").String())
	})
}

// The outcome is replayed as the thing is now, whatever became of it.
func TestARepeatIsAnsweredAfterTheHoldWasBooked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		hold, extend, book := suite.Key(), suite.Key(), suite.Key()
		start := "2026-11-25T09:00:00+01:00"
		id := w.other.Hold(w.place, start, hold).OK("holdSlot.appointment.id").String()
		w.other.On("extendHold", id, extend).OK("extendHold.appointment.id")
		w.other.Book(w.place, id, book).OK("bookAppointment.appointment.id")
		replay := func(status string) {
			for name, a := range map[string]*suite.Answer{
				"holdSlot": w.other.Hold(w.place, start, hold), "extendHold": w.other.On("extendHold", id, extend), "bookAppointment": w.other.Book(w.place, id, book),
			} {
				again := a.OK(name + ".appointment")
				require.Equal(t, id, again.Get("id").String())
				require.Equal(t, status, again.Get("status").String())
			}
		}
		w.unchanged(t, func() { replay("BOOKED") })
		w.other.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment.id")
		w.unchanged(t, func() { replay("CANCELED") })
		w.Clock.Advance(72 * time.Hour) // the start has passed
		w.unchanged(t, func() { replay("CANCELED") })
	})
}

// The same case key is the same case, under whatever idempotency key and however many ask at once.
func TestTheSameCaseKeyIsTheSameCase(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		open := suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}, "caseKey": caseKey()}
		before := w.count(t, "cases")
		answers := make([]*suite.Answer, 50)
		var racing sync.WaitGroup
		for i := range answers {
			racing.Go(func() {
				answers[i], _ = w.anonymous.Try(mutation("openCase"), suite.Vars{"in": with(open, "idempotencyKey", suite.Key())})
			})
		}
		racing.Wait()
		ids := map[string]bool{}
		for _, a := range answers {
			require.NotNil(t, a)
			ids[a.OK("openCase.case.id").String()] = true
		}
		require.Len(t, ids, 1)
		require.Equal(t, 1, w.count(t, "cases")-before)
		holder := *w.anonymous
		holder.Token = open["caseKey"].(string)
		events := holder.Do(`{ viewer { case { openedAt events { sequence action by at } } } }`, nil).OK("viewer.case")
		require.Equal(t, int64(1), events.Get("events.#").Int())
		require.Equal(t, "PERSON", events.Get("events.0.by").String())
		require.Equal(t, gjson.String, events.Get("openedAt").Type)
		require.True(t, strings.HasSuffix(events.Get("openedAt").String(), "+01:00"), "instants carry the offset of the town")
		require.True(t, strings.HasSuffix(events.Get("events.0.at").String(), "+01:00"))
	})
}
