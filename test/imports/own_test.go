package imports_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// set runs one of the admin's mutations.
func set(t *testing.T, p *suite.Process, mutation, input string, in suite.Vars) {
	t.Helper()
	in["idempotencyKey"] = suite.Key()
	a := p.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: `+input+`!) { `+mutation+`(input: $in) { problems { code path } } }`, suite.Vars{"in": in})
	a.OK(mutation + ".problems")
}

func monday(from, to string) suite.Vars {
	return suite.Vars{"weekday": "MONDAY", "from": from, "to": to}
}

// What the town has set itself wins over the file: methods from then on, hours from their day on, closures as they are.
// What it hasn't set follows the file.
func TestTheTownsOwnMethodsHoursAndClosuresWin(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		town := first.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { id offices { id counters { id } } } }`, nil).OK("municipality")
		office, express := town.Get("offices.0.id").String(), town.Get("offices.0.counters.2.id").String()
		set(t, first, "setPaymentMethods", "SetPaymentMethodsInput", suite.Vars{"municipality": town.Get("id").String(), "methods": []suite.Vars{{"method": "CREDIT_CARD"}, {"method": "PAYPAL"}}})
		set(t, first, "addClosure", "AddClosureInput", suite.Vars{"office": office, "from": "2026-12-28", "to": "2026-12-30", "reason": suite.Vars{"de": "Umbau", "en": "Rebuilding"}})
		set(t, first, "setOpeningHours", "SetOpeningHoursInput", suite.Vars{
			"office": office, "counter": express, "validFrom": "2026-12-07", "hours": []suite.Vars{monday("10:00", "12:00")}, "publicHours": []suite.Vars{monday("10:00", "11:00")},
		})
		set(t, first, "setOpeningHours", "SetOpeningHoursInput", suite.Vars{"office": office, "validFrom": "2026-12-14", "hours": []suite.Vars{monday("09:00", "12:00")}})
		require.NoError(t, first.Stop())

		look := func(p *suite.Process) string {
			return p.Anonymous().Do(`query($o: ID!, $s: ID!) {
				municipality(by: {slug: "blomberg"}) { paymentMethods offices { closures { from to reason }
					seventh: openingHours(from: "2026-12-07", days: 1) { hours { from to } } fourteenth: openingHours(from: "2026-12-14", days: 2) { hours { from to } } } }
				thirtieth: availability(input: {office: $o, concerns: [{service: $s}], from: "2026-11-30", days: 1}) { days { starts } }
				seventh: availability(input: {office: $o, concerns: [{service: $s}], from: "2026-12-07", days: 1}) { days { starts } } }`,
				suite.Vars{"o": office, "s": p.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "beglaubigung-unterschrift"}}) { id } }`, nil).OK("publicService.id").String()}).Get("data").Raw
		}
		file := func(hours, closures, thirtieth string) string {
			return `{"municipality": {"paymentMethods": ["CREDIT_CARD", "PAYPAL"], "offices": [{"closures": [` + closures + `],
				"seventh": [{"hours": [{"from": "` + hours + `", "to": "12:30"}, {"from": "13:30", "to": "16:00"}]}], "fourteenth": [{"hours": [{"from": "09:00", "to": "12:00"}]}, {"hours": []}]}]},
				"thirtieth": {"days": [{"starts": [` + thirtieth + `]}]},
				"seventh": {"days": [{"starts": ["2026-12-07T10:00:00+01:00", "2026-12-07T10:15:00+01:00", "2026-12-07T10:30:00+01:00", "2026-12-07T10:45:00+01:00"]}]}}`
		}
		quarters := func(clocks string) string {
			return `"2026-11-30T` + strings.ReplaceAll(clocks, " ", `:00+01:00", "2026-11-30T`) + `:00+01:00"`
		}
		own := `{"from": "2026-12-28", "to": "2026-12-30", "reason": "Umbau"}`
		require.True(t, suite.NewTown(t).
			Edit("", "{method: WERO, enabled: false}", "{method: WERO, enabled: true}").
			Edit("", "- {weekday: MONDAY, from: 08:00, to: 16:00", "- {weekday: MONDAY, from: 07:00, to: 16:00").
			Edit("", "          - {weekday: MONDAY, from: 09:00, to: 11:30}\n", "          - {weekday: MONDAY, from: 09:00, to: 09:30}\n").
			Edit("", "      - {from: 2026-12-24, to: 2026-12-24, reason: {de: Heiligabend, en: Christmas Eve}, source: assumed}\n", "").
			Import(p.cfg))
		second := first.Beside(b)
		require.JSONEq(t, file("07:00", own+`, {"from": "2026-12-31", "to": "2026-12-31", "reason": "Silvester"}`, quarters("09:00 09:15")), look(second))
		require.NoError(t, second.Stop())

		require.True(t, suite.NewTown(t).Import(p.cfg))
		third := first.Beside(b)
		require.JSONEq(t, file("08:00", `{"from": "2026-12-24", "to": "2026-12-24", "reason": "Heiligabend"}, `+own+`, {"from": "2026-12-31", "to": "2026-12-31", "reason": "Silvester"}`,
			quarters("09:00 09:15 09:30 09:45 10:00 10:15 10:30 10:45 11:00 11:15")), look(third))
	})
}

// A file that would leave a counter open when, by the town's own hours, the office is not, is refused where it says so.
func TestAFileMeetsTheTownsOwnHours(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		process := suite.Serve(t, b, suite.In(p.cfg.Data))
		var week []suite.Vars
		for _, day := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
			week = append(week, suite.Vars{"weekday": day, "from": "08:00", "to": "12:30"})
		}
		set(t, process, "setOpeningHours", "SetOpeningHoursInput", suite.Vars{"office": process.Place().Office, "validFrom": "2026-12-14", "hours": week})
		require.NoError(t, process.Stop())
		before := p.dump(t)

		town := suite.NewTown(t).Edit("", "          - {weekday: MONDAY, from: 08:00, to: 12:30}\n", "          - {weekday: MONDAY, from: 08:00, to: 15:00}\n")
		_, err := server.Import(t.Context(), p.cfg, []string{town.File})
		require.ErrorContains(t, err, town.File+":")
		require.ErrorContains(t, err, "offices[0].counters[2].hours: schalter-3 would be open outside the office's hours")
		require.Equal(t, before, p.dump(t))
		require.True(t, suite.NewTown(t).Edit("", "          - {weekday: MONDAY, from: 08:00, to: 12:30}\n", "          - {weekday: MONDAY, from: 08:00, to: 12:00}\n").
			Edit("", "stepMinutes: 15", "stepMinutes: 30").Import(p.cfg), "within them it is taken")
	})
}

// Deadlines and times to pay are the file's.
func TestTheFilesFiguresAreTaken(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		figures := func() (town [3]int, services map[string]int) {
			require.NoError(t, p.db.QueryRow(`SELECT processing_days, payment_minutes, grace_minutes FROM municipalities`).Scan(&town[0], &town[1], &town[2]))
			rows, err := p.db.Query(`SELECT slug, processing_days FROM public_services WHERE processing_days IS NOT NULL`)
			require.NoError(t, err)
			defer func() { require.NoError(t, rows.Close()) }()
			services = map[string]int{}
			for rows.Next() {
				slug, days := "", 0
				require.NoError(t, rows.Scan(&slug, &days))
				services[slug] = days
			}
			require.NoError(t, rows.Err())
			return town, services
		}
		town, services := figures()
		require.Equal(t, [3]int{14, 30, 1440}, town)
		require.Equal(t, map[string]int{"briefwahlantrag": 2, "meldebescheinigung": 5, "sterbeurkunde": 3, "statusabfrage-ausweis-pass": 2}, services)

		require.True(t, suite.NewTown(t).Edit("", "  processingDays: 14\n", "  processingDays: 21\n").Edit("", "  paymentMinutes: 30\n", "  paymentMinutes: 20\n").
			Edit("", "  graceMinutes: 1440\n", "  graceMinutes: 60\n").Edit("", "    processingDays: 3\n", "    processingDays: 4\n").
			Edit("", "    # One look into the register.\n    processingDays: 5\n", "").Edit("", "source: {processingDays: assumed, appointmentMinutes", "source: {appointmentMinutes").Import(p.cfg))
		town, services = figures()
		require.Equal(t, [3]int{21, 20, 60}, town)
		require.Equal(t, map[string]int{"briefwahlantrag": 2, "sterbeurkunde": 4, "statusabfrage-ausweis-pass": 2}, services)
	})
}

// What a fee is multiplied by is bounded by the form, or the file is refused where it says so.
func TestCopiesAreBounded(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := p.dump(t)
		form := "blomberg/forms/sterbeurkunde.json"
		for change, want := range map[[2]string]string{
			{`"maximum": 10`, `"maximum": 100`}: "needs a maximum of 99 or less", {`"minimum": 1,`, `"minimum": 0,`}: "needs a minimum of 1 or more",
		} {
			town := suite.NewTown(t).Edit(form, change[0], change[1])
			out, err := p.command(t, "import", town.File).CombinedOutput()
			require.Equal(t, 1, exitCode(err), string(out))
			raw, err := os.ReadFile(town.File)
			require.NoError(t, err)
			above, _, _ := strings.Cut(string(raw), "feeRules: {copies: /copies")
			require.Contains(t, string(out), fmt.Sprintf(`%s:%d: services[5].feeRules.copies: "/copies" %s`, town.File, strings.Count(above, "\n")+1, want))
			require.Equal(t, before, p.dump(t))
		}
	})
}

// What the town has set itself wins over the file, from its first day on.
func TestTheTownsOwnStatesAndPricesWin(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		id := func(slug string) string {
			return first.Anonymous().Do(`query($s: String!) { publicService(by: {slug: {municipality: "blomberg", service: $s}}) { id } }`, suite.Vars{"s": slug}).OK("publicService.id").String()
		}
		admin := first.Staff("anna", "ADMIN@"+suite.ARS)
		admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "service": id("personalausweis"), "cents": 5000, "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"}, "validFrom": "2026-12-01",
		}}).OK("setFee.problems")
		admin.Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "service": id("briefwahlantrag"), "open": false,
		}}).OK("setServiceState.problems")
		require.NoError(t, first.Stop())
		window := "    opensAt: 2026-11-01T00:00:00+01:00\n    closesAt: 2027-11-01T00:00:00+01:00\n"
		require.True(t, suite.NewTown(t).
			Edit("", "cents: 4600", "cents: 4700").Edit("", "cents: 7000", "cents: 7100").
			Edit("", "    opensAt: null\n    closesAt: null\n", window).Import(p.cfg))

		second := first.Beside(b)
		fees := func() string {
			a := second.Anonymous().Do(`{ own: publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) { fee { amount { cents } validTo } }
				file: publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { fee { amount { cents } validTo } } }`, nil)
			return a.Get("data").Raw
		}
		require.JSONEq(t, `{"own": {"fee": {"amount": {"cents": 4700}, "validTo": "2026-11-30"}}, "file": {"fee": {"amount": {"cents": 7100}, "validTo": null}}}`, fees())
		state := second.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { open opensAt closesAt } }`, nil).OK("publicService")
		require.JSONEq(t, `{"open": false, "opensAt": null, "closesAt": null}`, state.Raw)
		second.Clock.Set(time.Date(2026, time.December, 1, 0, 0, 0, 0, suite.Start().Location()))
		require.JSONEq(t, `{"own": {"fee": {"amount": {"cents": 5000}, "validTo": null}}, "file": {"fee": {"amount": {"cents": 7100}, "validTo": null}}}`, fees())
	})
}

// A window that the file gives is taken, changed and taken back.
func TestAWindowOfTheFileComesAndGoes(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := "    opensAt: null\n    closesAt: null\n"
		for _, window := range []string{
			"    opensAt: 2026-11-01T00:00:00+01:00\n    closesAt: 2027-11-01T00:00:00+01:00\n",
			"    opensAt: 2026-12-01T00:00:00+01:00\n    closesAt: null\n", before,
		} {
			require.True(t, suite.NewTown(t).Edit("", before, window).Import(p.cfg))
			process := suite.Serve(t, b, suite.In(p.cfg.Data))
			state := process.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { opensAt closesAt } }`, nil).OK("publicService")
			for _, edge := range []string{"opensAt", "closesAt"} {
				require.Contains(t, window, edge+": "+strings.Replace(state.Get(edge).Raw, `"`, "", 2))
			}
			require.NoError(t, process.Stop())
		}
	})
}
