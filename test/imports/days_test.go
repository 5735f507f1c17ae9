package imports_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// column are the values of a statement with one column.
func (p *place) column(t *testing.T, statement string) (all []string) {
	t.Helper()
	rows, err := p.db.Query(statement)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var one string
		require.NoError(t, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}

const (
	closuresThatHold = `SELECT from_date || ' ' || to_date FROM closures WHERE removed_at IS NULL ORDER BY 1`
	openingsThatHold = `SELECT from_date || ' ' || to_date || ' ' || source FROM openings WHERE removed_at IS NULL ORDER BY 1`
	eve              = "      - {from: 2026-12-24, to: 2026-12-24, reason: {de: Heiligabend, en: Christmas Eve}, source: assumed}\n"
)

// A closure or an opening of the file that the town has changed or taken back stays so while the file says of it what it said.
func TestTheTownsOwnClosuresAndOpeningsStay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		special := func(lines ...string) string { return "    openings:\n" + strings.Join(lines, "") + "    counters:\n" }
		year := "      - {from: 2027-01-01, to: 2027-01-01, hours: [{from: 09:00, to: 12:00}], reason: {de: Wahl, en: Election}}\n"
		may := "      - {from: 2027-05-06, to: 2027-05-06, hours: [{from: 09:00, to: 12:00}, {from: 13:00, to: 14:00}], online: false, reason: {de: Brückentag, en: Bridge day}}\n"
		require.True(t, suite.NewTown(t).Edit("", "    counters:\n", special(year, may)).Import(p.cfg))
		require.Equal(t, []string{"2027-01-01 2027-01-01 ", "2027-05-06 2027-05-06 "}, p.column(t, openingsThatHold))
		ids := p.column(t, `SELECT id FROM closures ORDER BY 1`)

		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		office := first.Place().Office
		shown := first.Anonymous().Do(`query($id: ID!) { node(id: $id) { ... on Office { closures { id } openings { id online hours { from to } } openingHours(from: "2027-01-01", days: 1) { hours { from to } } } } }`, suite.Vars{"id": office}).OK("node")
		require.JSONEq(t, `[{"hours": [{"from": "09:00", "to": "12:00"}]}]`, shown.Get("openingHours").Raw, "on a public holiday")
		require.False(t, shown.Get("openings.1.online").Bool())
		reason := suite.Vars{"de": "Silvester", "en": "New Year's Eve"}
		set(t, first, "removeClosure", "RemoveClosureInput", suite.Vars{"closure": shown.Get("closures.0.id").String()})
		set(t, first, "changeClosure", "ChangeClosureInput", suite.Vars{"closure": shown.Get("closures.1.id").String(), "from": "2026-12-30", "to": "2026-12-31", "reason": reason})
		set(t, first, "removeOpening", "RemoveOpeningInput", suite.Vars{"opening": shown.Get("openings.0.id").String()})
		set(t, first, "addOpening", "AddOpeningInput", suite.Vars{"office": office, "from": "2027-05-05", "to": "2027-05-05", "hours": []suite.Vars{{"from": "08:00", "to": "18:00"}}, "reason": reason})
		require.NoError(t, first.Stop())

		same := func() *suite.Town { return suite.NewTown(t).Edit("", "    counters:\n", special(year, may)) }
		changed := []string{"2026-12-30 2026-12-31"}
		require.True(t, same().Import(p.cfg), "read again, though it says what it said")
		require.Equal(t, changed, p.column(t, closuresThatHold))
		require.Equal(t, []string{"2027-05-05 2027-05-05 town", "2027-05-06 2027-05-06 "}, p.column(t, openingsThatHold))
		require.Equal(t, ids, p.column(t, `SELECT id FROM closures ORDER BY 1`), "they are the same ones")

		// The town has said of that week itself: the file has no say on its days.
		week := strings.Replace(may, "{from: 2027-05-06, to: 2027-05-06", "{from: 2027-05-03, to: 2027-05-06", 1)
		require.True(t, suite.NewTown(t).Edit("", "    counters:\n", special(year, week)).Import(p.cfg))
		require.Equal(t, []string{"2027-05-05 2027-05-05 town"}, p.column(t, openingsThatHold))

		// A line that says something else is another closure, and one that was away is new.
		require.True(t, suite.NewTown(t).Edit("", eve, strings.Replace(eve, "to: 2026-12-24", "to: 2026-12-25", 1)).Import(p.cfg))
		require.Equal(t, []string{"2026-12-24 2026-12-25", changed[0]}, p.column(t, closuresThatHold))
		require.True(t, suite.NewTown(t).Edit("", eve, "").Import(p.cfg))
		require.Equal(t, changed, p.column(t, closuresThatHold))
		require.True(t, same().Import(p.cfg))
		require.Equal(t, []string{"2026-12-24 2026-12-24", changed[0]}, p.column(t, closuresThatHold))
		require.Equal(t, []string{"2027-01-01 2027-01-01 ", "2027-05-05 2027-05-05 town", "2027-05-06 2027-05-06 "}, p.column(t, openingsThatHold))
	})
}

// Hours, states and payment methods that are given back are the file's again, of the file as it is by then.
func TestWhatIsGivenBackIsTheFiles(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		window := "    opensAt: 2026-11-01T00:00:00+01:00\n    closesAt: 2027-11-01T00:00:00+01:00\n"
		file := func() *suite.Town {
			return suite.NewTown(t).Edit("", "    opensAt: null\n    closesAt: null\n", window)
		}
		require.True(t, file().Import(p.cfg))
		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		town := first.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { id paymentMethods offices { id counters { id } } } publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { id } }`, nil)
		id, office, service := town.OK("municipality.id").String(), town.OK("municipality.offices.0.id").String(), town.OK("publicService.id").String()
		methods := town.OK("municipality.paymentMethods").Raw
		var week []suite.Vars
		for _, day := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
			week = append(week, suite.Vars{"weekday": day, "from": "07:00", "to": "19:00"})
		}
		set(t, first, "setOpeningHours", "SetOpeningHoursInput", suite.Vars{"office": office, "validFrom": "2026-11-30", "hours": week})
		set(t, first, "resetOpeningHours", "ResetOpeningHoursInput", suite.Vars{"office": office, "validFrom": "2026-12-07"})
		set(t, first, "setServiceState", "SetServiceStateInput", suite.Vars{"service": service, "open": false, "message": suite.Vars{"de": "Zu", "en": "Shut"}})
		set(t, first, "resetServiceState", "ResetServiceStateInput", suite.Vars{"service": service})
		set(t, first, "setPaymentMethods", "SetPaymentMethodsInput", suite.Vars{"municipality": id, "methods": []suite.Vars{{"method": "PAYPAL"}}})
		set(t, first, "resetPaymentMethods", "ResetPaymentMethodsInput", suite.Vars{"municipality": id})
		require.NoError(t, first.Stop())

		require.True(t, file().Edit("", "- {weekday: MONDAY, from: 08:00, to: 16:00", "- {weekday: MONDAY, from: 07:30, to: 16:00").Import(p.cfg))
		second := first.Beside(b)
		a := second.Anonymous().Do(`query($o: ID!, $s: ID!) { node(id: $o) { ... on Office { a: openingHours(from: "2026-11-23", days: 1) { hours { from } } b: openingHours(from: "2026-11-30", days: 1) { hours { from } } c: openingHours(from: "2026-12-07", days: 1) { hours { from } } } }
			publicService(by: {id: $s}) { opensAt closesAt stateMessage } municipality(by: {slug: "blomberg"}) { paymentMethods } }`, suite.Vars{"o": office, "s": service})
		require.JSONEq(t, `{"a": [{"hours": [{"from": "07:30"}, {"from": "13:30"}]}], "b": [{"hours": [{"from": "07:00"}]}], "c": [{"hours": [{"from": "07:30"}, {"from": "13:30"}]}]}`, a.OK("node").Raw)
		require.JSONEq(t, `{"opensAt": "2026-11-01T00:00:00+01:00", "closesAt": "2027-11-01T00:00:00+01:00", "stateMessage": null}`, a.OK("publicService").Raw)
		require.Equal(t, methods, a.OK("municipality.paymentMethods").Raw)
	})
}
