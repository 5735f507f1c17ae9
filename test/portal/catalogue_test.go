package portal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func slugs(list gjson.Result) (all []string) {
	for _, s := range list.Array() {
		all = append(all, s.String())
	}
	return all
}

func TestPublicServicesAreFoundByWhatTheyAre(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		find := func(t *testing.T, filter suite.Vars) []string {
			a := p.Anonymous().For(t).Do(`query($f: PublicServiceFilter) { publicServices(first: 100, filter: $f) { totalCount nodes { slug fee { amount { cents } } channels } } }`, suite.Vars{"f": filter})
			found := slugs(a.OK("publicServices.nodes.#.slug"))
			require.Equal(t, int64(len(found)), a.Get("data.publicServices.totalCount").Int())
			return found
		}
		all := find(t, nil)
		require.Len(t, all, len(slices.Compact(slices.Sorted(slices.Values(all)))), "none twice")
		online := find(t, suite.Vars{"channel": "ONLINE"})
		require.Len(t, online, 13)
		require.Subset(t, online, []string{"abmeldung-ins-ausland", "briefwahlantrag", "fuehrungszeugnis", "meldebescheinigung", "wohnungsgeberbestaetigung", "sterbeurkunde"})
		free, paid := find(t, suite.Vars{"free": true}), find(t, suite.Vars{"free": false})
		require.ElementsMatch(t, all, append(slices.Clone(free), paid...))
		require.Contains(t, paid, "personalausweis")
		require.Contains(t, free, "briefwahlantrag")
		for name, row := range map[string]struct {
			filter suite.Vars
			want   []string
		}{
			"town":                        {suite.Vars{"ars": suite.ARS}, all},
			"another town":                {suite.Vars{"ars": suite.OtherARS}, nil},
			"LeiKa key":                   {suite.Vars{"leikaKeys": []string{"99085001000000"}}, []string{"reisepass"}},
			"LeiKa keys in any order":     {suite.Vars{"leikaKeys": []string{"99085001000000", "99008001012000", "0"}}, []string{"personalausweis", "reisepass"}},
			"a key that nothing has":      {suite.Vars{"leikaKeys": []string{"99999999999999"}}, nil},
			"conditions that add up":      {suite.Vars{"leikaKeys": []string{"99085001000000"}, "free": true}, nil},
			"an English word":             {suite.Vars{"text": "postal voting"}, []string{"briefwahlantrag"}},
			"in capitals, spaces around":  {suite.Vars{"text": "  BRIEFWAHL "}, []string{"briefwahlantrag"}},
			"umlauts in capitals":         {suite.Vars{"text": "FÜHRUNGSZEUGNIS"}, []string{"fuehrungszeugnis", "gewerbezentralregisterauskunft"}}, // that for a firm
			"no text":                     {suite.Vars{"text": ""}, all},
			"nulls, which are no filters": {suite.Vars{"text": nil, "ars": nil, "free": nil, "channel": nil, "leikaKeys": nil}, all},
		} {
			t.Run(name, func(t *testing.T) { require.Equal(t, row.want, find(t, row.filter)) })
		}
		t.Run("Perso", func(t *testing.T) {
			require.Contains(t, find(t, suite.Vars{"text": "Perso"}), "personalausweis")
			require.NotContains(t, find(t, suite.Vars{"text": "Perso"}), "sterbeurkunde")
		})
	})
}

func TestPagesLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		whole := slugs(p.Anonymous().Do(`{ publicServices(first: 100) { nodes { slug } } }`, nil).OK("publicServices.nodes.#.slug"))
		for _, first := range []int{1, 2, 7, 20, len(whole) - 1, len(whole), 100} {
			for name, field := range map[string]string{"all towns'": "publicServices", "one town's": "municipality.services"} {
				var got []string
				after := any(nil)
				for page := 0; ; page++ {
					a := p.Anonymous().Do(`query($n: Int, $after: String, $town: Boolean!) {
						publicServices(first: $n, after: $after) @skip(if: $town) { ...page }
						municipality(by: {slug: "blomberg"}) @include(if: $town) { services(first: $n, after: $after) { ...page } } }
						fragment page on PublicServiceConnection { totalCount nodes { slug } edges { cursor node { slug } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
						suite.Vars{"n": first, "after": after, "town": field != "publicServices"})
					c := a.OK(field)
					require.Equal(t, int64(len(whole)), c.Get("totalCount").Int())
					require.Equal(t, c.Get("nodes.#.slug").Raw, c.Get("edges.#.node.slug").Raw)
					require.Equal(t, page > 0, c.Get("pageInfo.hasPreviousPage").Bool())
					got = append(got, slugs(c.Get("nodes.#.slug"))...)
					after = c.Get("pageInfo.endCursor").String()
					cursors := slugs(c.Get("edges.#.cursor"))
					require.Equal(t, cursors[len(cursors)-1], after)
					require.Equal(t, cursors[0], c.Get("pageInfo.startCursor").String())
					if !c.Get("pageInfo.hasNextPage").Bool() {
						break
					}
				}
				require.Equal(t, whole, got, "%s %d a page", name, first)
				end := p.Anonymous().Do(`query($after: String) { publicServices(after: $after) { nodes { slug } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`, suite.Vars{"after": after}).OK("publicServices")
				require.JSONEq(t, `{"nodes": [], "pageInfo": {"hasNextPage": false, "hasPreviousPage": true, "startCursor": null, "endCursor": null}}`, end.Raw)
			}
		}
	})
}

// A state that the town's admin sets shows in every open page at once.
func TestSetServiceStateIsLive(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.anonymous.Accept = "en"
		service := w.service("briefwahlantrag")
		one := w.anonymous.Subscribe(`subscription($id: ID!) { publicService(by: {id: $id}) { slug open opensAt closesAt stateMessage } }`, suite.Vars{"id": service})
		many := w.anonymous.Subscribe(`subscription { publicServices(first: 100, filter: {text: "Briefwahl"}) { nodes { slug open } } }`, nil)
		open := func(want bool) {
			t.Helper()
			one.Until(func(m gjson.Result) bool { return m.Get("data.publicService.open").Bool() == want })
			many.Until(func(m gjson.Result) bool { return m.Get("data.publicServices.nodes.0.open").Bool() == want })
			a := w.anonymous.Do(`query($id: ID!) { publicService(by: {id: $id}) { open } }`, suite.Vars{"id": service})
			require.Equal(t, want, a.OK("publicService.open").Bool())
		}
		set := func(change ...any) gjson.Result {
			return mutate(w.admin, "setServiceState", with(suite.Vars{"service": service, "open": true}, change...)).OK("setServiceState.publicService")
		}
		open(true)
		set("open", false, "message", suite.Vars{"de": "Vor der Wahl geschlossen.", "en": "Closed before the election."})
		m := one.Until(func(m gjson.Result) bool { return !m.Get("data.publicService.open").Bool() })
		require.Equal(t, "Closed before the election.", m.Get("data.publicService.stateMessage").String())
		many.Until(func(m gjson.Result) bool { return !m.Get("data.publicServices.nodes.0.open").Bool() })

		t.Run("and by a window, with the clock alone", func(t *testing.T) {
			s := set("opensAt", "2026-11-23T08:00:00+01:00", "closesAt", "2026-11-23T14:00:00Z")
			require.Equal(t, "2026-11-23T08:00:00+01:00", s.Get("opensAt").String())
			require.Equal(t, "2026-11-23T15:00:00+01:00", s.Get("closesAt").String())
			require.Equal(t, gjson.Null, s.Get("stateMessage").Type, "a state is set whole")
			require.False(t, s.Get("open").Bool())
			one.Until(func(m gjson.Result) bool { return m.Get("data.publicService.opensAt").String() != "" })
			w.Clock.Set(suite.Start().Add(time.Hour))
			open(true)
			w.Clock.Set(suite.Start().Add(8*time.Hour - time.Microsecond))
			require.True(t, w.anonymous.Do(`query($id: ID!) { publicService(by: {id: $id}) { open } }`, suite.Vars{"id": service}).OK("publicService.open").Bool())
			w.Clock.Set(suite.Start().Add(8 * time.Hour))
			open(false)
		})
		t.Run("a service that isn't offered online isn't open", func(t *testing.T) {
			w := w.in(t)
			require.False(t, mutate(w.admin, "setServiceState", suite.Vars{"service": w.place.Service, "open": true}).OK("setServiceState.publicService.open").Bool())
		})
	})
}

// A price is dated: today's stays until the day comes, at the town's midnight.
func TestSetFeeIsDatedAndLive(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		watch := w.anonymous.Subscribe(`subscription($id: ID!) { publicService(by: {id: $id}) { fee { amount { cents currency } furtherCopy { cents } legalBasis validFrom validTo source } } }`, suite.Vars{"id": w.place.Service})
		before := watch.Next().Get("data.publicService.fee")
		require.Equal(t, int64(4600), before.Get("amount.cents").Int())
		require.Equal(t, gjson.Null, before.Get("validTo").Type)
		fee := func() gjson.Result {
			return w.anonymous.Do(`query($id: ID!) { publicService(by: {id: $id}) { fee { amount { cents } validTo } } }`, suite.Vars{"id": w.place.Service}).OK("publicService.fee")
		}
		price := suite.Vars{"service": w.place.Service, "cents": 5000, "furtherCopyCents": 2500, "legalBasis": basis(), "validFrom": "2026-12-01"}
		mutate(w.admin, "setFee", price).OK("setFee.publicService.id")
		watch.Until(func(m gjson.Result) bool { return m.Get("data.publicService.fee.validTo").String() == "2026-11-30" })
		require.Equal(t, int64(4600), fee().Get("amount.cents").Int())

		mutate(w.admin, "setFee", with(price, "cents", 5500)).OK("setFee.publicService.id") // tomorrow's price may still be changed
		midnight := time.Date(2026, time.December, 1, 0, 0, 0, 0, suite.Start().Location())
		w.Clock.Set(midnight.Add(-time.Microsecond))
		require.Equal(t, int64(4600), fee().Get("amount.cents").Int())
		w.Clock.Set(midnight)
		require.Equal(t, int64(5500), fee().Get("amount.cents").Int())
		now := watch.Until(func(m gjson.Result) bool { return m.Get("data.publicService.fee.amount.cents").Int() == 5500 }).Get("data.publicService.fee")
		require.JSONEq(t, `{"amount": {"cents": 5500, "currency": "EUR"}, "furtherCopy": {"cents": 2500}, "legalBasis": "Gebührensatzung", "validFrom": "2026-12-01", "validTo": null, "source": "town"}`, now.Raw)

		w.admin = w.Staff("anna", "ADMIN@"+suite.ARS) // the token of the day before has run out
		fees := suite.Dump(t, w.database, "fees")     // a week on, used keys are forgotten, so they may change meanwhile
		refused(t, mutate(w.admin, "setFee", with(price, "cents", 1, "validFrom", "2026-11-30")), "INVALID_INPUT", "input.validFrom")
		require.Equal(t, fees, suite.Dump(t, w.database, "fees"), "what has been isn't rewritten")
		mutate(w.admin, "setFee", with(price, "cents", 0, "furtherCopyCents", nil, "validFrom", "2026-12-02")).OK("setFee.publicService.id")
		w.Clock.Set(midnight.AddDate(0, 0, 1))
		watch.Until(func(m gjson.Result) bool { return m.Get("data.publicService.fee").Type == gjson.Null })
		free := w.anonymous.Do(`{ publicServices(first: 100, filter: {free: true}) { nodes { slug } } }`, nil)
		require.Contains(t, slugs(free.OK("publicServices.nodes.#.slug")), "personalausweis")
	})
}

func TestPaymentMethodsAreThoseOfTheDay(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2024-06-01": `["CREDIT_CARD","GIROPAY","PAYDIREKT"]`, "2024-12-31": `["CREDIT_CARD","GIROPAY","PAYDIREKT"]`,
		"2025-01-01": `["CREDIT_CARD"]`, "2026-11-23": `["CREDIT_CARD"]`,
	} {
		suite.Each(t, func(t *testing.T, b *suite.Backend) {
			p := suite.Serve(t, b)
			at, err := time.ParseInLocation(time.DateOnly, day, suite.Start().Location())
			require.NoError(t, err)
			p.Clock.Set(at)
			require.Equal(t, want, p.Anonymous().Do(`{ municipality(by: {ars: "057660016016"}) { paymentMethods } }`, nil).OK("municipality.paymentMethods").Raw, day)
			p.Clock.Set(at.Add(24*time.Hour - time.Microsecond))
			require.Equal(t, want, p.Anonymous().Do(`{ municipality(by: {ars: "057660016016"}) { paymentMethods } }`, nil).OK("municipality.paymentMethods").Raw, day)
		})
	}
}

func TestOpeningHoursTellWhyADayIsClosed(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		days := p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { openingHours(from: "2026-12-21", days: 12) { date hours { from to } reason } } } }`, nil).OK("municipality.offices.0.openingHours").Array()
		require.Len(t, days, 12)
		want := map[string]string{
			"2026-12-21": `{"date":"2026-12-21","hours":[{"from":"08:00","to":"12:30"},{"from":"13:30","to":"16:00"}],"reason":null}`,
			"2026-12-23": `{"date":"2026-12-23","hours":[{"from":"08:00","to":"12:30"}],"reason":null}`,
			"2026-12-24": `{"date":"2026-12-24","hours":[],"reason":"CLOSED"}`,
			"2026-12-25": `{"date":"2026-12-25","hours":[],"reason":"HOLIDAY"}`,
			"2026-12-26": `{"date":"2026-12-26","hours":[],"reason":"HOLIDAY"}`,
			"2026-12-27": `{"date":"2026-12-27","hours":[],"reason":"CLOSED"}`,
			"2026-12-31": `{"date":"2026-12-31","hours":[],"reason":"CLOSED"}`,
			"2027-01-01": `{"date":"2027-01-01","hours":[],"reason":"HOLIDAY"}`,
		}
		for _, day := range days {
			if w, ok := want[day.Get("date").String()]; ok {
				require.JSONEq(t, w, day.Raw)
				delete(want, day.Get("date").String())
			}
		}
		require.Empty(t, want)
	})
}

func TestAvailabilityExplainsItself(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.other.Booked(w.place, nine)
		w.Case().Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id")
		days := func(from string, n int, explain bool) []gjson.Result {
			return w.anonymous.Do(`query($in: AvailabilityInput!) { availability(input: $in) { asOf office { slug } days { date reason starts slots { start end counters reason } } } }`,
				suite.Vars{"in": suite.Vars{"office": w.place.Office, "concerns": []suite.Vars{{"service": w.place.Service}}, "from": from, "days": n, "explain": explain}}).OK("availability.days").Array()
		}
		reasons := map[string]string{}
		for _, from := range []string{"2026-11-20", "2026-12-21", "2027-01-20"} {
			for _, day := range days(from, 12, false) {
				reasons[day.Get("date").String()] = day.Get("reason").String()
				require.Equal(t, day.Get("starts").Raw, day.Get("slots.#.start").Raw)
				require.Equal(t, day.Get("reason").Type == gjson.Null, day.Get("starts.#").Int() > 0)
			}
		}
		for day, reason := range map[string]string{
			"2026-11-20": "TOO_SOON", "2026-11-22": "CLOSED", "2026-11-23": "", "2026-11-28": "CLOSED", "2026-12-24": "CLOSED",
			"2026-12-25": "HOLIDAY", "2026-12-28": "", "2027-01-22": "", "2027-01-25": "TOO_FAR",
		} {
			require.Equal(t, reason, reasons[day], day)
		}

		slots := map[string]gjson.Result{}
		for _, slot := range days("2026-11-25", 1, true)[0].Get("slots").Array() {
			slots[slot.Get("start").String()] = slot
		}
		require.JSONEq(t, `{"start": "2026-11-25T09:00:00+01:00", "end": "2026-11-25T09:15:00+01:00", "counters": 0, "reason": "FULL"}`, slots[nine].Raw)
		require.JSONEq(t, `{"start": "2026-11-25T09:15:00+01:00", "end": "2026-11-25T09:30:00+01:00", "counters": 2, "reason": null}`, slots[quarter].Raw)
		for _, slot := range days("2026-11-23", 1, true)[0].Get("slots").Array() {
			if slot.Get("start").String() == "2026-11-23T12:30:00+01:00" {
				require.Equal(t, "CLOSED", slot.Get("reason").String())
			}
		}
		t.Run("a day that is full", func(t *testing.T) {
			w := w.in(t)
			for _, start := range w.anonymous.Starts(w.place, 3) {
				if !strings.HasPrefix(start, "2026-11-25") {
					continue
				}
				for range 2 {
					w.bookFor(start, "PHONE", w.place.Service)
				}
			}
			require.Equal(t, "FULL", days("2026-11-25", 1, false)[0].Get("reason").String())
			a := w.other.Hold(w.place, half, suite.Key())
			refused(t, a, "SLOT_TAKEN", "input.start")
			require.Len(t, a.Get("data.holdSlot.problems.0.alternatives").Array(), 5)
		})
		t.Run("concerns that no counter serves together", func(t *testing.T) {
			w := w.in(t)
			a := w.anonymous.Do(`query($o: ID!, $a: ID!, $b: ID!) { availability(input: {office: $o, concerns: [{service: $a}, {service: $b}], days: 7}) { days { reason starts } } }`,
				suite.Vars{"o": w.place.Office, "a": w.service("beglaubigung-dokumente"), "b": w.service("gewerbe-anmelden")})
			require.Contains(t, slugs(a.OK("availability.days.#.reason")), "NO_QUALIFIED_COUNTER")
			require.Equal(t, int64(0), a.Get("data.availability.days.#.starts.0|#").Int())
		})
		t.Run("an office that isn't there is null", func(t *testing.T) {
			w := w.in(t)
			a := w.anonymous.Do(`{ availability(input: {office: "office_1", concerns: []}) { asOf } }`, nil)
			require.JSONEq(t, `{"data":{"availability":null}}`, a.Raw)
		})
	})
}

func TestNextSlotsOfAnOfficeAndOfATown(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		next := func(where suite.Vars, change ...any) gjson.Result {
			in := with(suite.Vars{"where": where, "concerns": []suite.Vars{{"service": w.place.Service}}}, change...)
			return w.anonymous.Do(`query($in: NextSlotsInput!) { nextSlots(input: $in) { office { id } starts reason } }`, suite.Vars{"in": in}).OK("nextSlots")
		}
		starts := w.anonymous.Starts(w.place, 28)
		for _, where := range []suite.Vars{
			{"office": w.place.Office}, {"municipality": suite.Vars{"slug": "blomberg"}}, {"municipality": suite.Vars{"ars": suite.ARS}},
		} {
			rows := next(where)
			require.Equal(t, int64(1), rows.Get("#").Int())
			require.Equal(t, w.place.Office, rows.Get("0.office.id").String())
			require.Equal(t, starts[:5], slugs(rows.Get("0.starts")))
			require.Equal(t, gjson.Null, rows.Get("0.reason").Type)
			require.Equal(t, starts[:20], slugs(next(where, "count", 20).Get("0.starts")))
			require.Equal(t, "2026-12-28T08:00:00+01:00", next(where, "from", "2026-12-24", "count", 1).Get("0.starts.0").String(), "over Christmas")
			require.Equal(t, "TOO_FAR", next(where, "from", "2027-06-01").Get("0.reason").String())
		}
		require.Equal(t, "[]", next(suite.Vars{"municipality": suite.Vars{"slug": "nirgendwo"}}).Raw)
		require.Equal(t, "[]", next(suite.Vars{"office": "office_1"}).Raw)
	})
}

// Texts come in the language that the request prefers, German where it wants none of ours.
func TestTextsAreInTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for accept, want := range map[string]string{
			"": "Reisepass beantragen", "de": "Reisepass beantragen", "de-DE,de;q=0.9,en;q=0.8": "Reisepass beantragen", "fr": "Reisepass beantragen", "*": "Reisepass beantragen", "nonsense;;;q=x": "Reisepass beantragen",
			"en": "Apply for a passport", "en-GB": "Apply for a passport", "fr, en;q=0.5": "Apply for a passport", "de;q=0.1, en;q=0.9": "Apply for a passport",
		} {
			t.Run(accept, func(t *testing.T) {
				c := w.other.For(t)
				c.Accept = accept
				name := c.Do(`query($id: ID!) { publicService(by: {id: $id}) { name } }`, suite.Vars{"id": w.place.Other}).OK("publicService.name").String()
				require.Equal(t, want, name)
				message := c.Hold(w.place, "2026-11-28T09:00:00+01:00", suite.Key()).Get("data.holdSlot.problems.0.message").String()
				require.Equal(t, map[string]string{"Reisepass beantragen": "Zu dieser Zeit wird kein Termin angeboten.", "Apply for a passport": "No appointment is offered at this time."}[want], message)
				notice := c.Do(`{ municipality(by: {slug: "blomberg"}) { privacyNotice { language } } }`, nil).OK("municipality.privacyNotice.language").String()
				require.Equal(t, map[string]string{"Reisepass beantragen": "DE", "Apply for a passport": "EN"}[want], notice)
			})
		}
	})
}

// Everything that is public has an id by which node finds it again.
func TestNodeFindsEverythingAgain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		a := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { id offices { id counters { id } } services(first: 100) { nodes { id form { id } } } privacyNotice { id } } }`, nil)
		ids := map[string]string{
			"Municipality": a.OK("municipality.id").String(), "Office": w.place.Office, "Counter": w.counters[0], "PublicService": w.place.Service,
			"PrivacyNotice": w.place.Notice, "Form": a.Get("data.municipality.services.nodes.#.form.id").Array()[0].String(),
		}
		read := func(c *suite.Client, id string) string {
			n := c.Do(`query($id: ID!) { node(id: $id) { __typename id } }`, suite.Vars{"id": id}).OK("node")
			if n.Type != gjson.Null {
				require.Equal(t, id, n.Get("id").String())
			}
			return n.Get("__typename").String()
		}
		for kind, id := range ids {
			require.Equal(t, kind, read(w.anonymous, id))
		}
		require.Equal(t, "Appointment", read(w.holder, w.booked))
		require.Equal(t, "Case", read(w.clerk, w.caseID))
		for _, prefix := range []string{"municipality", "office", "counter", "service", "form", "privacynotice", "appointment", "case", "fee", ""} {
			for _, id := range w.never(prefix) {
				if id != w.place.Notice {
					require.Empty(t, read(w.clerk, id))
				}
			}
		}
	})
}

// Introspection may be closed; what gateways need stays open.
func TestClosedIntrospectionLeavesTheServiceSchema(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.Introspection = false })
	a := p.Anonymous().Do(`{ __schema { types { name } } }`, nil)
	failed(t, a, "INTROSPECTION_CLOSED", "")
	a = p.Anonymous().Do(`{ __type(name: "Query") { fields { name } } }`, nil)
	failed(t, a, "INTROSPECTION_CLOSED", "")
	require.Contains(t, p.Anonymous().Do(`{ _service { sdl } }`, nil).OK("_service.sdl").String(), "type PublicService")
	require.Equal(t, "Query", p.Anonymous().Do(`{ __typename }`, nil).OK("__typename").String())
}
