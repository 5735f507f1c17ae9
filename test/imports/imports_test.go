// Package imports_test holds the promises of nelke import: all or nothing, repeatable, and nothing forgotten that
// somebody was shown.
package imports_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

var binary string // the program, built once

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "nelke-imports")
	if err == nil {
		binary = filepath.Join(folder, "nelke")
		err = exec.Command("go", "build", "-o", binary, "nelke/cmd/nelke").Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build nelke:", err)
		os.Exit(1)
	}
	code := suite.Run(m)
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// The form that tests change.
const (
	ballot    = "blomberg/forms/briefwahlantrag.json"
	formTitle = `"About you"`
	newTitle  = `"Who you are"`
)

// changed is a town in which something of every kind is new.
func changed(t *testing.T) *suite.Town {
	return suite.NewTown(t).
		Edit("", "website: https://www.blomberg-lippe.de", "website: https://www.example.org").
		Edit("", "paymentMethods:\n", "  - version: 2\n    validFrom: 2026-12-01\n    de: {file: blomberg/notices/2.de.md}\n    en: {file: blomberg/notices/2.en.md}\n\npaymentMethods:\n").
		Write("blomberg/notices/2.de.md", "Neu.\n").Write("blomberg/notices/2.en.md", "New.\n").
		Edit("", "{method: WERO, enabled: false}", "{method: WERO, enabled: true}").
		Edit("", "stepMinutes: 15", "stepMinutes: 30").
		Edit("", "    counters:\n", "      - {from: 2027-01-04, to: 2027-01-04, reason: {de: Umzug, en: Moving}}\n    counters:\n").
		Edit("", "{de: Schnellschalter, en: Express counter}", "{de: Schalter 3, en: Counter 3}").
		Edit("", "cents: 4600", "cents: 4700").
		Edit("", "form: {version: 2, file: "+ballot+"}", "form: {version: 3, file: "+ballot+"}").Edit(ballot, formTitle, newTitle).
		Edit("shared/kinds.yaml", "name: {de: Reisepass, en: Passport}", "name: {de: Pass, en: Passport}").
		Edit("shared/kinds.yaml", "name: {de: Umzug, en: Moving house}", "name: {de: Umziehen, en: Moving house}").
		Without("lebensbescheinigung")
}

type place struct {
	cfg server.Config
	db  *sql.DB
}

func newPlace(t *testing.T, b *suite.Backend) place {
	t.Helper()
	cfg := b.Configuration(t.TempDir())
	require.True(t, suite.NewTown(t).Import(cfg))
	return place{cfg: cfg, db: suite.OpenDatabase(t, cfg)}
}

func (p place) dump(t *testing.T) string {
	t.Helper()
	return suite.Dump(t, p.db, suite.Tables(t, p.db)...)
}

func (p place) exec(t *testing.T, statements ...string) {
	t.Helper()
	db := suite.OpenWriter(t, p.cfg)
	for _, s := range statements {
		_, err := db.Exec(s)
		require.NoError(t, err, s)
	}
}

func TestAnImportRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := p.dump(t)
		require.False(t, suite.NewTown(t).Import(p.cfg))
		require.Equal(t, before, p.dump(t))
		commented := suite.NewTown(t).Edit("", "\nservices:\n", "\n# A remark says nothing to the program.\nservices:\n")
		require.False(t, commented.Import(p.cfg))
		require.Equal(t, before, p.dump(t))

		out, err := p.command(t, "import", commented.File).Output()
		require.NoError(t, err, string(out))
		require.Equal(t, commented.File+": nothing changed\n", string(out))
		require.Equal(t, before, p.dump(t))

		town := changed(t)
		require.True(t, town.Import(p.cfg))
		after := p.dump(t)
		require.False(t, town.Import(p.cfg))
		require.Equal(t, after, p.dump(t))
	})
}

// Whatever is wrong is named by file, line and field, and nothing is written.
func TestAFaultIsNamedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		before := p.dump(t)
		rows := []struct {
			name, field, message string
			town                 *suite.Town
			line                 string // a text of the line at fault
		}{
			{"a form that changed under its version", "services[1].form.version", "in use with other content", suite.NewTown(t).Edit(ballot, formTitle, newTitle), "form: {version: 2, file: " + ballot},
			{"rules of a fee that changed under the version of their form", "services[5].form.version", "in use with other feeRules: changed rules need a new version of the form", suite.NewTown(t).EditAfter("feeRules: {copies", "[RENTE]", "[RENTE, SONSTIGES]"), "form: {version: 2, file: blomberg/forms/sterbeurkunde.json"},
			{"a notice that changed under its version", "notices[0].version", "in use with another text", suite.NewTown(t).Write("blomberg/notices/1.en.md", "Something else.\n"), "  - version: 1"},
			{"a notice that began on another day", "notices[0].version", "in use with another text or date", suite.NewTown(t).Edit("", "validFrom: 2024-01-01\n    de: {file", "validFrom: 2024-01-02\n    de: {file"), "  - version: 1"},
			{"another ARS, assumed as well", "municipality.ars", "can be corrected once: take ars out of source", suite.NewTown(t).Edit("", "slug: blomberg\n  ars: \"057660016016\"", "slug: blomberg\n  ars: \"057660020016\""), "  ars:"},
			{"a field that is none", "municipality.mayor", "unknown field", suite.NewTown(t).Edit("", "  name: Blomberg\n", "  name: Blomberg\n  mayor: Erika\n"), "  mayor:"},
			{"a price below zero", "fees[0].cents", "", suite.NewTown(t).Edit("", "cents: 4600", "cents: -1"), "cents: -1"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				raw, err := os.ReadFile(row.town.File)
				require.NoError(t, err)
				line := 1
				for l := range strings.Lines(string(raw)) {
					if strings.Contains(l, row.line) {
						break
					}
					line++
				}
				whole := suite.NewTown(t).Renamed("detmold", "057660020020", "05766020")
				out, err := p.command(t, "import", row.town.File).CombinedOutput()
				require.Equal(t, 1, exitCode(err), string(out))
				require.Contains(t, string(out), fmt.Sprintf("%s:%d: ", row.town.File, line))
				require.Contains(t, string(out), row.field)
				require.Contains(t, string(out), row.message)
				require.NotContains(t, string(out), "SQL")
				require.Equal(t, before, p.dump(t))
				if row.field == "municipality.mayor" { // all files are read before any is written
					out, err := p.command(t, "import", whole.File, row.town.File).CombinedOutput()
					require.Equal(t, 1, exitCode(err), string(out))
					require.Equal(t, before, p.dump(t))
				}
			})
		}
		for name, file := range map[string]string{"a file that isn't there": filepath.Join(t.TempDir(), "none.yaml"), "a folder": t.TempDir(), "a form": filepath.Join(filepath.Dir(suite.NewTown(t).File), ballot)} {
			t.Run(name, func(t *testing.T) {
				out, err := p.command(t, "import", file).CombinedOutput()
				require.Equal(t, 1, exitCode(err), string(out))
				require.Contains(t, string(out), file)
				require.NotContains(t, string(out), "goroutine")
				require.Equal(t, before, p.dump(t))
			})
		}
		t.Run("an older version than the one in use", func(t *testing.T) {
			require.True(t, suite.NewTown(t).Edit("", "form: {version: 2, file: "+ballot+"}", "form: {version: 4, file: "+ballot+"}").Edit(ballot, formTitle, newTitle).Import(p.cfg))
			before := p.dump(t)
			out, err := p.command(t, "import", suite.NewTown(t).Edit("", "form: {version: 2, file: "+ballot+"}", "form: {version: 3, file: "+ballot+"}").File).CombinedOutput()
			require.Equal(t, 1, exitCode(err), string(out))
			require.Contains(t, string(out), "services[1].form.version: version 3 is older than version 4")
			require.Equal(t, before, p.dump(t))
		})
	})
}

func exitCode(err error) int {
	exit := (*exec.ExitError)(nil)
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// What somebody filled in or acknowledged can be read again.
func TestOldFormsAndNoticesStay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		look := func(p *suite.Process) (form, notice gjson.Result) {
			a := p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { privacyNotice { id version text sha256 } } publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { form { id version schema } } }`, nil)
			return a.OK("publicService.form"), a.OK("municipality.privacyNotice")
		}
		oldForm, oldNotice := look(first)
		require.NoError(t, first.Stop())
		require.True(t, changed(t).Import(p.cfg))

		second := first.Beside(b)
		again := second.Anonymous().Do(`query($f: ID!, $n: ID!) { form: node(id: $f) { ... on Form { id version schema } } notice: node(id: $n) { ... on PrivacyNotice { id version text sha256 } } }`,
			suite.Vars{"f": oldForm.Get("id").String(), "n": oldNotice.Get("id").String()})
		require.JSONEq(t, oldForm.Raw, again.OK("form").Raw)
		require.JSONEq(t, oldNotice.Raw, again.OK("notice").Raw)
		form, notice := look(second)
		require.Equal(t, int64(3), form.Get("version").Int())
		require.NotEqual(t, oldForm.Get("id").String(), form.Get("id").String())
		require.JSONEq(t, oldNotice.Raw, notice.Raw, "the new notice's day hasn't come")
		second.Clock.Set(time.Date(2026, time.December, 1, 0, 0, 0, 0, suite.Start().Location()))
		_, notice = look(second)
		require.Equal(t, int64(2), notice.Get("version").Int())

		holder, place := second.Case(), second.Place()
		id := holder.Hold(place, "2026-12-02T09:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
		place.Notice = oldNotice.Get("id").String()
		require.Equal(t, "NOTICE_NOT_ACKNOWLEDGED", holder.Book(place, id, suite.Key()).Problem(), "the old one no longer counts")
		place.Notice = notice.Get("id").String()
		holder.Book(place, id, suite.Key()).OK("bookAppointment.appointment.id")
	})
}

// What the town no longer offers is in no list and can't be booked; those who have an appointment for it keep it.
func TestARemovedServiceVanishesAndItsAppointmentsStay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		first := suite.Serve(t, b, suite.In(p.cfg.Data))
		place := first.Place()
		other := place
		other.Service = first.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "lebensbescheinigung"}}) { id } }`, nil).OK("publicService.id").String()
		holder, key := first.Case(), suite.Key()
		held := holder.Hold(other, "2026-11-25T10:00:00+01:00", key).OK("holdSlot.appointment.id").String()
		booked := holder.Booked(other, "2026-11-26T10:00:00+01:00").Get("id").String()
		setFee := func(at *suite.Process, key string) *suite.Answer {
			return at.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": key, "service": other.Service, "cents": 500, "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"}, "validFrom": "2026-12-01",
			}})
		}
		setFee(first, key).OK("setFee.publicService.id")
		require.NoError(t, first.Stop())
		require.True(t, suite.NewTown(t).Without("lebensbescheinigung").Import(p.cfg))

		second := first.Beside(b)
		holder = holder.At(second)
		list := second.Anonymous().Do(`{ publicServices(first: 100) { nodes { slug } } municipality(by: {slug: "blomberg"}) { offices { counters { services { slug } } } } }`, nil)
		require.NotContains(t, list.Raw, "lebensbescheinigung")
		gone := second.Anonymous().Do(`query($id: ID!) { publicService(by: {id: $id}) { slug } node(id: $id) { id } slug: publicService(by: {slug: {municipality: "blomberg", service: "lebensbescheinigung"}}) { id } }`, suite.Vars{"id": other.Service})
		require.JSONEq(t, `{"data": {"publicService": null, "node": null, "slug": null}}`, gone.Raw)
		require.Equal(t, "NOT_FOUND", holder.Hold(other, "2026-11-25T11:00:00+01:00", suite.Key()).Problem())

		require.Equal(t, held, holder.Hold(other, "2026-11-25T10:00:00+01:00", key).OK("holdSlot.appointment.id").String(), "a repeat of what was done before")
		require.Equal(t, other.Service, setFee(second, key).OK("setFee.publicService.id").String())
		require.Equal(t, "NOT_FOUND", setFee(second, suite.Key()).Problem())
		holder.Book(place, held, suite.Key()).OK("bookAppointment.appointment.id")
		shown := holder.Do(`query($id: ID!) { appointment(id: $id) { status concerns { quantity minutes service { slug name } } } }`, suite.Vars{"id": booked}).OK("appointment")
		require.Equal(t, "lebensbescheinigung", shown.Get("concerns.0.service.slug").String())
		require.Equal(t, int64(15), shown.Get("concerns.0.minutes").Int())
		require.Equal(t, "BOOKED", shown.Get("status").String())
		second.Clock.Set(second.Clock.Now().AddDate(0, 0, 3))
		second.Clerk().On("checkIn", booked, suite.Key()).OK("checkIn.appointment.id")

		t.Run("and comes back as the same", func(t *testing.T) {
			require.NoError(t, second.Stop())
			require.True(t, suite.NewTown(t).Import(p.cfg))
			third := second.Beside(b)
			again := third.Anonymous().Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "lebensbescheinigung"}}) { id } }`, nil)
			require.Equal(t, other.Service, again.OK("publicService.id").String())
		})
	})
}

// Two towns in one graph: each town's staff sees its own.
func TestAClerkSeesTheirOwnTownAlone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		require.True(t, suite.NewTown(t).Renamed("detmold", "057660020020", "05766020").Import(p.cfg))
		process := suite.Serve(t, b, suite.In(p.cfg.Data))
		place := process.Place()
		booked := process.Case().Booked(place, "2026-11-23T10:00:00+01:00").Get("id").String()
		foreign := process.Staff("dora", "ADMIN@057660020020")
		look := `query($id: ID!, $o: ID!) { viewer { roles { role municipality { slug } } } appointment(id: $id) { id } node(id: $id) { id } appointmentBoard(office: $o, date: "2026-11-23") { appointments { id } } }`
		seen := foreign.Do(look, suite.Vars{"id": booked, "o": place.Office})
		require.JSONEq(t, `{"data": {"viewer": {"roles": [{"role": "ADMIN", "municipality": {"slug": "detmold"}}]}, "appointment": null, "node": null, "appointmentBoard": null}}`, seen.Raw)
		for _, mutation := range []string{"checkIn", "cancelAppointment", "recordNoShow", "completeAppointment"} {
			require.Equal(t, "NOT_FOUND", foreign.On(mutation, booked, suite.Key()).Problem())
		}
		own := foreign.Do(`{ municipality(by: {slug: "detmold"}) { offices { id counters { id } } services(first: 100) { totalCount } } publicServices(first: 1) { totalCount } }`, nil)
		require.Equal(t, 2*own.OK("municipality.services.totalCount").Int(), own.Get("data.publicServices.totalCount").Int())
		board := foreign.Do(`query($o: ID!) { appointmentBoard(office: $o, date: "2026-11-23") { appointments { id } } }`, suite.Vars{"o": own.Get("data.municipality.offices.0.id").String()})
		require.Equal(t, "[]", board.OK("appointmentBoard.appointments").Raw)
		t.Run("and a case belongs to one town", func(t *testing.T) {
			there := place
			there.Office = own.Get("data.municipality.offices.0.id").String()
			holder := process.Case()
			require.Equal(t, "NOT_FOUND", holder.Hold(there, "2026-11-25T09:00:00+01:00", suite.Key()).Problem())
		})
		t.Run("and names don't mix", func(t *testing.T) {
			a := process.Anonymous().Do(`{ one: publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { id } two: publicService(by: {slug: {municipality: "detmold", service: "reisepass"}}) { id municipality { slug } } municipalities(filter: {arsPrefix: "05766"}) { totalCount nodes { slug } } }`, nil)
			require.NotEqual(t, a.OK("one.id").String(), a.OK("two.id").String())
			require.Equal(t, "detmold", a.OK("two.municipality.slug").String())
			require.Equal(t, `["blomberg","detmold"]`, a.OK("municipalities.nodes.#.slug").Raw)
		})
	})
}
