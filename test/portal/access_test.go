package portal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

const unknownAppointment = "appointment_01kaqd0000e8ar0000000000zz"

// Whoever may not see an appointment or a case reads of it what they read of one that doesn't exist, byte for byte, by
// every way there is.
func TestWhatIsNotYoursReadsLikeWhatIsNotThere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		unknownCase := strings.Replace(unknownAppointment, "appointment", "case", 1)
		things := []struct{ kind, id, unknown string }{
			{"Appointment", w.booked, unknownAppointment},
			{"Appointment", w.held, unknownAppointment},
			{"Case", w.caseID, unknownCase},
		}
		ways := []struct{ name, document string }{
			{"node", `query($id: ID!) { node(id: $id) { __typename id ... on Appointment { reference status case { id } person { familyName } } ... on Case { openedAt contact { email } } } }`},
			{"_entities", `query($all: [_Any!]!) { _entities(representations: $all) { __typename ... on Appointment { id reference person { familyName } } ... on Case { id openedAt appointments { id } } } }`},
			{"query", `query($id: ID!) { appointment(id: $id) { id reference person { familyName } } }`},
		}
		strangers := map[string]*suite.Client{
			"nobody": w.anonymous, "another case holder": w.other, "a clerk of another town": w.foreign, "staff without a role": w.Staff("nora"),
		}
		read := func(c *suite.Client, document, kind, id string) string {
			a := c.Do(document, suite.Vars{"id": id, "all": []suite.Vars{{"__typename": kind, "id": id}}})
			a.Clean()
			return strings.ReplaceAll(a.Raw, id, "ID")
		}
		for who, c := range strangers {
			for _, way := range ways {
				for _, thing := range things {
					if way.name == "query" && thing.kind == "Case" {
						continue // there is none
					}
					t.Run(way.name+" of "+thing.kind+" by "+who, func(t *testing.T) {
						c := c.For(t)
						mine := read(c, way.document, thing.kind, thing.id)
						require.Equal(t, read(c, way.document, thing.kind, thing.unknown), mine)
						require.Contains(t, []string{`{"data":{"node":null}}`, `{"data":{"_entities":[null]}}`, `{"data":{"appointment":null}}`}, mine)
					})
				}
			}
			t.Run("subscription by "+who, func(t *testing.T) {
				for _, id := range []string{w.booked, unknownAppointment} {
					s := c.For(t).Subscribe(`subscription($id: ID!) { appointment(id: $id) { id reference } }`, suite.Vars{"id": id})
					require.JSONEq(t, `{"data":{"appointment":null}}`, s.Next().Raw)
					kind, _ := s.Type()
					require.Equal(t, "complete", kind)
				}
			})
			t.Run("board by "+who, func(t *testing.T) {
				c := c.For(t)
				board := `(office: "` + w.place.Office + `", date: "2026-11-23") { waiting appointments { id } }`
				require.JSONEq(t, `{"data":{"appointmentBoard":null}}`, c.Do(`{ appointmentBoard`+board+` }`, nil).Raw)
				require.JSONEq(t, `{"data":{"appointmentBoard":null}}`, c.Do(`{ appointmentBoard`+strings.Replace(board, w.place.Office, "office_1", 1)+` }`, nil).Raw)
				s := c.Subscribe(`subscription { appointmentBoard`+board+` }`, nil)
				require.JSONEq(t, `{"data":{"appointmentBoard":null}}`, s.Next().Raw)
				kind, _ := s.Type()
				require.Equal(t, "complete", kind)
			})
			t.Run("viewer of "+who, func(t *testing.T) {
				a := c.For(t).Do(`{ viewer { kind case { id appointments { id } } roles { role municipality { slug } } } }`, nil)
				require.NotContains(t, a.Raw, w.caseID)
				require.NotContains(t, a.Raw, w.booked)
				require.Empty(t, a.OK("viewer.roles").Array(), "roles in towns that this graph doesn't know")
			})
		}
		for who, c := range map[string]*suite.Client{"its holder": w.holder, "its town's clerk": w.clerk} {
			for _, way := range ways {
				t.Run(way.name+" by "+who+" shows it", func(t *testing.T) {
					require.Contains(t, read(c.For(t), way.document, "Appointment", w.booked), "Mustermann")
				})
			}
		}
	})
}

// A batch of entities gives each what it may see, in order.
func TestEntitiesOfManyKindsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
		blomberg := suite.Vars{"ars": suite.ARS}
		document := `query($all: [_Any!]!) { _entities(representations: $all) { __typename ... on Municipality { slug } ... on Office { slug } ... on PublicService { slug } ... on Appointment { id } ... on Case { id } } }`
		type row struct {
			representation suite.Vars
			typename       string // empty: null
		}
		byID := []row{
			{suite.Vars{"__typename": "Municipality", "id": town}, "Municipality"},
			{suite.Vars{"__typename": "Appointment", "id": w.booked}, ""},
			{suite.Vars{"__typename": "Office", "id": w.place.Office}, "Office"},
			{suite.Vars{"__typename": "PublicService", "id": w.place.Service}, "PublicService"},
			{suite.Vars{"__typename": "PublicService", "id": w.place.Office}, ""},
			{suite.Vars{"__typename": "Case", "id": w.caseID}, ""},
			{suite.Vars{"__typename": "PublicService", "id": w.place.Other}, "PublicService"},
			{suite.Vars{"__typename": "Municipality", "id": town}, "Municipality"},
		}
		byNames := []row{
			{suite.Vars{"__typename": "Municipality", "ars": suite.OtherARS}, ""},
			{suite.Vars{"__typename": "Municipality", "ars": suite.ARS}, "Municipality"},
			{suite.Vars{"__typename": "Office", "municipality": blomberg, "slug": "rathaus"}, ""},
			{suite.Vars{"__typename": "Office", "municipality": blomberg, "slug": "buergerbuero"}, "Office"},
			{suite.Vars{"__typename": "PublicService", "municipality": suite.Vars{"ars": suite.OtherARS}, "slug": "reisepass"}, ""},
			{suite.Vars{"__typename": "PublicService", "municipality": blomberg, "slug": "reisepass"}, "PublicService"},
		}
		for key, rows := range map[string][]row{"by id": byID, "by names": byNames, "by both at once": append(slices.Clone(byNames), byID...)} {
			t.Run(key, func(t *testing.T) {
				var representations []suite.Vars
				for _, row := range rows {
					representations = append(representations, row.representation)
				}
				found := w.anonymous.For(t).Do(document, suite.Vars{"all": representations}).OK("_entities").Array()
				require.Len(t, found, len(rows))
				for i, row := range rows {
					require.Equal(t, row.typename, found[i].Get("__typename").String(), "%v: %s", row.representation, found[i].Raw)
					if slug, ok := row.representation["slug"]; ok && row.typename != "" {
						require.Equal(t, slug, found[i].Get("slug").String())
					}
				}
			})
		}
		for name, representation := range map[string]any{
			"without a type": suite.Vars{"id": town}, "of a type that is none": suite.Vars{"__typename": "Counter", "id": w.counters[0]},
			"without a key": suite.Vars{"__typename": "Office", "slug": "buergerbuero"}, "with half a key": suite.Vars{"__typename": "Office", "municipality": suite.Vars{}, "slug": "x"},
			"with a key of another shape": suite.Vars{"__typename": "Office", "municipality": 42, "slug": []string{"x"}}, "with a null key": suite.Vars{"__typename": "Appointment", "id": nil},
			"that is a number": 42, "that is null": nil, "with an id of a list": suite.Vars{"__typename": "Appointment", "id": []string{w.booked}},
		} {
			t.Run("a representation "+name+" is refused", func(t *testing.T) {
				for _, all := range [][]any{{representation}, {suite.Vars{"__typename": "Municipality", "id": town}, representation}} {
					a := w.anonymous.For(t).Do(document, suite.Vars{"all": all})
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), a.Raw)
					require.False(t, a.Get("data").Exists(), a.Raw)
				}
				if representation == nil {
					return // one null is no list of one null
				}
				for _, alone := range []any{representation, []any{representation}} {
					failed(t, w.anonymous.For(t).Do(document, suite.Vars{"all": alone}), "GRAPHQL_VALIDATION_FAILED", "")
				}
			})
		}
		t.Run("several keys of one kind in the document itself are refused", func(t *testing.T) {
			a := w.anonymous.For(t).Do(`{ _entities(representations: [{__typename: "Municipality", ars: "1"}, {__typename: "Municipality", id: "2"}]) { __typename } }`, nil)
			failed(t, a, "GRAPHQL_VALIDATION_FAILED", "")
			w.anonymous.For(t).Do(`{ _entities(representations: [{__typename: "Municipality", ars: "1"}, {__typename: "Office", id: "2"}]) { __typename } }`, nil).OK("_entities")
		})
		t.Run("more than a thousand of one kind are refused", func(t *testing.T) {
			many := make([]suite.Vars, 1001)
			for i := range many {
				many[i] = suite.Vars{"__typename": "Municipality", "id": town}
			}
			a := w.anonymous.For(t).Do(document, suite.Vars{"all": many})
			a.Clean()
			require.NotEmpty(t, a.ErrorCode(), first(a.Raw))
		})
	})
}

// The counter is for staff always, for the person once called.
func TestThePersonSeesTheCounterOnceCalled(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		counter := func(c *suite.Client) gjson.Result {
			return c.Do(`query($id: ID!) { appointment(id: $id) { counter { id } } }`, suite.Vars{"id": w.booked}).OK("appointment.counter")
		}
		watch := w.holder.Subscribe(`subscription($id: ID!) { appointment(id: $id) { status counter { id } } }`, suite.Vars{"id": w.booked})
		require.Equal(t, gjson.Null, watch.Next().Get("data.appointment.counter").Type)
		require.Equal(t, gjson.Null, counter(w.holder).Type)
		require.NotEmpty(t, counter(w.clerk).Get("id").String())

		w.clerk.On("checkIn", w.booked, suite.Key()).OK("checkIn.appointment.id")
		require.Equal(t, gjson.Null, counter(w.holder).Type)
		called := w.clerk.CallNext(w.counters[1], suite.Key()).OK("callNext.appointment")
		require.Equal(t, w.booked, called.Get("id").String())
		require.Equal(t, w.counters[1], counter(w.holder).Get("id").String())
		watch.Until(func(m gjson.Result) bool { return m.Get("data.appointment.counter.id").String() == w.counters[1] })
	})
}

// A right that ends, ends what it had opened.
func TestASubscriptionEndsWithItsToken(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		board := w.clerk.Subscribe(`subscription($o: ID!) { appointmentBoard(office: $o, date: "2026-11-23") { appointments { id } } }`, suite.Vars{"o": w.place.Office})
		require.NotEmpty(t, board.Next().Get("data.appointmentBoard.appointments").Array())
		own := w.clerk.Subscribe(`subscription($id: ID!) { appointment(id: $id) { id } }`, suite.Vars{"id": w.booked})
		require.Equal(t, w.booked, own.Next().Get("data.appointment.id").String())
		w.Clock.Advance(24*time.Hour + time.Minute)
		for _, s := range []*suite.Stream{board, own} {
			s.Ends()
		}
	})
}
