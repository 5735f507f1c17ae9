package live

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// The days after suite.Start, a Monday: nothing on them is too soon.
const (
	today     = "2026-11-23"
	tomorrow  = "2026-11-24"
	wednesday = "2026-11-25"
	thursday  = "2026-11-26"
	friday    = "2026-11-27"
)

func TestSubscription(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		place := p.Place()
		t.Run("the state comes first, then each change", func(t *testing.T) { stateFirst(t, p, place) })
		t.Run("nothing is sent when nothing changed", func(t *testing.T) { nothingChanged(t, p, place) })
		t.Run("what changes by the clock alone is no news", func(t *testing.T) { clockAlone(t, p, place) })
		t.Run("what isn't there, or isn't yours, is null and ends", func(t *testing.T) { nullEnds(t, p, place) })
		t.Run("nested fields are followed", func(t *testing.T) { nested(t, p) })
		t.Run("a day's end is followed", func(t *testing.T) { midnight(t, p) })
		t.Run("it ends with its token, and says nothing more", func(t *testing.T) { tokenEnds(t, p, place) })
		t.Run("it is closed with 1001 when the service stops", func(t *testing.T) { closed(t, p, place) })
	})
}

func stateFirst(t *testing.T, p *suite.Process, place suite.Place) {
	calendars := both(t, p.Anonymous(), watched, days(place, tomorrow, 1))
	var first []string
	for name, c := range calendars {
		first = starts(c.Next())
		require.NotEmpty(t, first, name)
	}
	start := first[len(first)/2]
	p.Case().Booked(place, start)
	other := p.Case()
	held := other.Hold(place, start, suite.Key()).OK("holdSlot.appointment.id").String() // both counters are taken now
	for _, c := range calendars {
		without(t, c, start)
	}
	other.On("releaseHold", held, suite.Key()).OK("releaseHold.appointment")
	for _, c := range calendars {
		with(t, c, start)
	}
}

// nothingChanged nudges free times in a way that leaves them as they are. A second subscription, which the same nudges
// change, shows that they have arrived. The proof is the order: the next message is that of the real change.
func nothingChanged(t *testing.T, p *suite.Process, place suite.Place) {
	owner := p.Case()
	start := p.Anonymous().Starts(place, 3)
	taken := start[len(start)-1]
	p.Case().Booked(place, taken)
	id := owner.Hold(place, taken, suite.Key()).OK("holdSlot.appointment.id").String()

	calendars := both(t, p.Anonymous(), watched, days(place, wednesday, 1))
	first := map[string][]string{}
	for name, c := range calendars {
		first[name] = starts(c.Next())
		require.NotContains(t, first[name], taken)
	}
	own := owner.For(t).Subscribe(`subscription($id: ID!) { appointment(id: $id) { status heldUntil extendable } }`, suite.Vars{"id": id})
	own.Next()
	p.Clock.Advance(time.Second) // so that extending changes the expiry
	owner.On("extendHold", id, suite.Key()).OK("extendHold.appointment")
	own.Until(func(m gjson.Result) bool { return !m.Get("data.appointment.extendable").Bool() })
	owner.Book(place, id, suite.Key()).OK("bookAppointment.appointment")
	own.Until(func(m gjson.Result) bool { return m.Get("data.appointment.status").String() == "BOOKED" })

	owner.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment")
	for name, c := range calendars {
		next := starts(c.Next())
		require.Contains(t, next, taken, name)
		require.Greater(t, len(next), len(first[name]), name)
	}
}

// clockAlone lets fields change that only the clock changes. Free times of today, of which one becomes too soon, tell
// that everybody has looked.
func clockAlone(t *testing.T, p *suite.Process, place suite.Place) {
	owner := p.Case()
	p.Clock.Set(suite.Start().Add(time.Hour)) // 8:00; at 8:15 the start at 9:15 is too soon
	start := p.Anonymous().Starts(place, 2)
	id := owner.Hold(place, start[len(start)-1], suite.Key()).OK("holdSlot.appointment.id").String()
	p.Clock.Set(suite.Start().Add(time.Hour + 9*time.Minute))
	owner.On("extendHold", id, suite.Key()).OK("extendHold.appointment")

	own := owner.For(t).Subscribe(`subscription($id: ID!) { appointment(id: $id) { status left: heldForSeconds } }`, suite.Vars{"id": id})
	first := own.Next()
	require.Equal(t, int64(600), first.Get("data.appointment.left").Int(), first.Raw)
	calendar := p.Anonymous().For(t).Subscribe(`subscription($in: AvailabilityInput!) { availability(input: $in) { asOf days { starts } } }`, days(place, thursday, 1))
	calendar.Next()
	now := p.Anonymous().For(t).Subscribe(watched, days(place, today, 1))
	soon := starts(now.Next())
	for i := range 3 { // 8:12, 8:15, 8:18: only the second one changes anything
		p.Clock.Advance(3 * time.Minute)
		if i == 1 {
			p.Clock.Advance(time.Millisecond)
			require.Equal(t, soon[1:], starts(now.Next()))
		}
	}
	owner.Book(place, id, suite.Key()).OK("bookAppointment.appointment")
	require.Equal(t, "BOOKED", own.Next().Get("data.appointment.status").String())

	later := p.Anonymous().Starts(place, 4)
	taken := later[len(later)-1]
	p.Case().Booked(place, taken)
	p.Case().Hold(place, taken, suite.Key()).OK("holdSlot.appointment")
	without(t, calendar, taken)
}

func nullEnds(t *testing.T, p *suite.Process, place suite.Place) {
	start := p.Anonymous().Starts(place, 5)
	id := p.Case().Booked(place, start[len(start)-1]).Get("id").String()
	board := `subscription($o: ID!) { it: appointmentBoard(office: $o, date: "` + tomorrow + `") { waiting } }`
	for name, s := range map[string]*suite.Stream{
		"somebody else's":    p.Case().For(t).Subscribe(`subscription($id: ID!) { it: appointment(id: $id) { status } }`, suite.Vars{"id": id}),
		"nobody's":           p.Case().For(t).Subscribe(`subscription { it: appointment(id: "appointment_01m82zf0000000000000000000") { status } }`, nil),
		"another town's":     p.Staff("otto", "CLERK@"+suite.OtherARS).For(t).Subscribe(board, suite.Vars{"o": place.Office}),
		"without a token":    p.Anonymous().For(t).Subscribe(board, suite.Vars{"o": place.Office}),
		"no such service":    p.Anonymous().For(t).Subscribe(`subscription { it: publicService(by: {slug: {municipality: "blomberg", service: "none"}}) { id } }`, nil),
		"no such office":     p.Anonymous().For(t).Subscribe(`subscription($in: AvailabilityInput!) { it: availability(input: $in) { asOf } }`, days(suite.Place{Office: "office_01m82zf0000000000000000000", Service: place.Service}, tomorrow, 1)),
		"a service, another": p.Anonymous().For(t).Subscribe(`subscription { it: publicService(by: {id: "service_01m82zf0000000000000000000"}) { id } }`, nil),
	} {
		first := s.Next()
		require.Equal(t, gjson.Null, first.Get("data.it").Type, "%s: %s", name, first.Raw)
		kind, _ := s.Type()
		require.Equal(t, "complete", kind, name)
	}
	gone := follow(t, p.Case(), `subscription($id: ID!) { it: appointment(id: $id) { status } }`, suite.Vars{"id": id})
	require.Equal(t, gjson.Null, gone.Next().Get("data.it").Type)
	name, _, err := gone.event()
	require.NoError(t, err)
	require.Equal(t, "complete", name)
}

// nested changes another service of the town than the one that is followed.
func nested(t *testing.T, p *suite.Process) {
	admin := p.Staff("ada", "ADMIN@"+suite.ARS)
	other := p.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "meldebescheinigung"}}) { id } }`, nil).OK("publicService.id").String()
	query := `subscription { publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) { slug
		municipality { paymentMethods services(first: 100) { nodes { slug fee { amount { cents } } } } } } }`
	fee := func(m gjson.Result) int64 {
		return m.Get(`data.publicService.municipality.services.nodes.#(slug=="meldebescheinigung").fee.amount.cents`).Int()
	}
	calendars := both(t, p.Anonymous(), query, nil)
	for _, c := range calendars {
		require.NotEqual(t, int64(4321), fee(c.Next()))
	}
	admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code message path } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "service": other, "cents": 4321, "validFrom": p.Clock.Now().Format(time.DateOnly),
		"legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"},
	}}).OK("setFee.publicService.id")
	for name, c := range calendars {
		require.Equal(t, int64(4321), fee(c.Next()), name)
	}
}

// midnight is the end of giropay: nothing is written, and yet what can be paid with changes.
func midnight(t *testing.T, p *suite.Process) {
	defer p.Clock.Set(p.Clock.Now())
	p.Clock.Set(time.Date(2024, time.December, 31, 23, 59, 0, 0, suite.Start().Location()))
	s := p.Anonymous().For(t).Subscribe(`subscription { publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { municipality { paymentMethods } } }`, nil)
	methods := func(m gjson.Result) string { return m.Get("data.publicService.municipality.paymentMethods").Raw }
	require.Equal(t, `["CREDIT_CARD","GIROPAY","PAYDIREKT"]`, methods(s.Next()))
	p.Clock.Advance(time.Minute)
	require.Equal(t, `["CREDIT_CARD"]`, methods(s.Next()))
}

// tokenEnds lets a token end at the same moment at which something changes that its owner may no longer see.
func tokenEnds(t *testing.T, p *suite.Process, place suite.Place) {
	defer p.Clock.Set(p.Clock.Now())
	clerk := p.Clerk()
	start := p.Anonymous().Starts(place, 5)
	p.Case().Hold(place, start[len(start)-1], suite.Key()).OK("holdSlot.appointment")
	board := `subscription($o: ID!) { appointmentBoard(office: $o, date: "` + friday + `") { appointments { id status } } }`
	var boards []*suite.Stream
	for range 5 {
		s := clerk.For(t).Subscribe(board, suite.Vars{"o": place.Office})
		require.NotEmpty(t, s.Next().Get("data.appointmentBoard.appointments").Array())
		boards = append(boards, s)
	}
	events := follow(t, clerk, board, suite.Vars{"o": place.Office})
	events.Next()
	p.Clock.Advance(25 * time.Hour) // the hold has expired, too
	for _, s := range boards {
		require.Equal(t, forbidden, s.ClosedSilently())
	}
	name, data, err := events.event()
	require.NoError(t, err)
	require.Equal(t, "next", name)
	require.JSONEq(t, `["UNAUTHENTICATED"]`, gjson.Get(data, "errors.#.extensions.code").Raw, data)
	require.False(t, gjson.Get(data, "data.*").Exists(), data)
	name, _, err = events.event()
	require.NoError(t, err)
	require.Equal(t, "complete", name)
}

func closed(t *testing.T, p *suite.Process, place suite.Place) {
	var open []*suite.Stream
	for _, c := range []*suite.Client{p.Anonymous(), p.Case()} {
		s := c.For(t).Subscribe(watched, days(place, tomorrow, 1))
		s.Next()
		open = append(open, s)
	}
	events := follow(t, p.Anonymous(), watched, days(place, tomorrow, 1))
	events.Next()
	begun := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- p.Stop() }()
	for _, s := range open {
		require.Equal(t, websocket.StatusGoingAway, s.Closed())
	}
	for {
		_, _, err := events.event()
		if err != nil {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a gateway takes an orderly end for that of the subscription")
			break
		}
	}
	require.NoError(t, <-stopped)
	require.Less(t, time.Since(begun), 10*time.Second)
}

// TestCalendars opens calendars at every process, each way, and changes the book at one of them.
func TestCalendars(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		clock := suite.NewRunning(suite.Start())
		noSweepers := func(c *server.Config) { c.Sweepers = false }
		all := []*suite.Process{suite.Serve(t, b, clock.By, noSweepers)}
		if b.Redis != nil {
			all = append(all, all[0].Beside(b, clock.By, noSweepers))
		}
		place := all[0].Place()
		start := all[0].Anonymous().Starts(place, 2)
		taken := start[len(start)-1]
		var open []calendar
		for _, p := range all {
			for range 2 {
				for _, c := range both(t, p.Anonymous(), watched, days(place, tomorrow, 1)) {
					require.Contains(t, starts(c.Next()), taken)
					open = append(open, c)
				}
			}
			for _, c := range both(t, p.Clerk(), watched, days(place, tomorrow, 1)) {
				require.Contains(t, starts(c.Next()), taken)
				open = append(open, c)
			}
		}

		// A taken time disappears from every open calendar.
		all[0].Case().Booked(place, taken)
		owner := all[0].Case()
		held := owner.Hold(place, taken, suite.Key()).OK("holdSlot.appointment")
		for _, c := range open {
			without(t, c, taken)
		}

		// With nobody to sweep, and nothing written, it reappears within a second of the hold's end.
		end := owner.Instant(held.Get("heldUntil").String())
		clock.Set(end.Add(-1500 * time.Millisecond))
		all[0].Clock.Advance(0)
		late := make([]time.Duration, len(open))
		for i, c := range open {
			with(t, c, taken)
			late[i] = clock.Now().Sub(end)
		}
		t.Logf("reappeared after %s to %s in %d calendars", slices.Min(late), slices.Max(late), len(open))
		require.GreaterOrEqual(t, slices.Min(late), time.Duration(0))
		require.Less(t, slices.Max(late), time.Second)
	})
}
