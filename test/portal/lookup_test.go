package portal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// looked is what somebody gets who looks for appointments or applications of the town.
func looked(c *suite.Client, what string, by suite.Vars) *suite.Answer {
	vars := suite.Vars{"town": suite.Vars{"ars": suite.ARS}}
	for name, v := range by {
		vars[name] = v
	}
	return c.Do(`query($town: MunicipalityKey!, $reference: String, $name: String, $day: Date, $first: Int, $after: String) {
		`+what+`(municipality: $town, reference: $reference, name: $name, day: $day, first: $first, after: $after) {
			nodes { id reference } edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`, vars)
}

// finds are the ids that somebody finds.
func finds(c *suite.Client, what string, by suite.Vars) []string {
	ids := []string{}
	for _, id := range looked(c, what, by).OK(what + ".nodes.#.id").Array() {
		ids = append(ids, id.String())
	}
	return ids
}

// booksFor books a visit for somebody, the nth one of Tuesday from ten on.
func (w *world) booksFor(n int, given, family string) gjson.Result {
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, suite.Start().Location()).Add(time.Duration(n) * 15 * time.Minute)
	return mutate(w.clerk, "bookAppointmentFor", suite.Vars{
		"office": w.place.Office, "start": start.Format(time.RFC3339), "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "PHONE",
		"person": suite.Vars{"givenName": given, "familyName": family},
	}).OK("bookAppointmentFor.appointment")
}

func TestStaffFindABookingByWhatSomebodySaysOnThePhone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		mueller, mu := w.booksFor(0, "Jürgen", "Müller-Lüdenscheidt"), "Mu\u0308ller"
		other := w.booksFor(1, "Erika", "MUELLER")
		turk := w.booksFor(2, "Ayşe", "Öztürk")
		id := func(a gjson.Result) string { return a.Get("id").String() }

		reference := mueller.Get("reference").String()
		short := strings.ReplaceAll(reference, "-", "")
		for _, typed := range []string{
			reference, strings.ToLower(reference), short, strings.ToLower(short), " " + reference + " ", strings.ReplaceAll(reference, "-", " "),
			short[3:], strings.ToLower(reference[4:]), "bl0" + reference[3:], "b1o" + reference[3:], "BIO-" + short[3:],
			strings.NewReplacer("Q", "0", "L", "1", "V", "u").Replace(reference[4:]), strings.NewReplacer("Q", "o", "L", "i").Replace(short[3:]),
		} {
			require.Equal(t, []string{id(mueller)}, finds(w.clerk, "appointments", suite.Vars{"reference": typed}), typed)
		}
		for _, typed := range []string{"LEM" + reference[3:], short[:len(short)-1], short + "2", "?", "ß", short[4:], strings.Repeat("A", 200)} {
			require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"reference": typed}), typed)
		}

		for _, name := range []string{"Müller", "mueller", "MULLER", mu, " müller ", "Mül\u00adler"} {
			require.Equal(t, []string{id(other), id(mueller)}, finds(w.clerk, "appointments", suite.Vars{"name": name}), name)
		}
		require.Equal(t, []string{id(mueller)}, finds(w.clerk, "appointments", suite.Vars{"name": "Lüdenscheidt, Juergen"}))
		require.Equal(t, []string{id(turk)}, finds(w.clerk, "appointments", suite.Vars{"name": "ozturk ayse"}))
		require.Equal(t, []string{id(other)}, finds(w.clerk, "appointments", suite.Vars{"name": "Erika Müller", "day": "2026-11-24"}))
		for _, name := range []string{"Müll", "Müllers", "Miller", "Erika Öztürk", "...", "Muster%", "%"} {
			require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"name": name}), name)
		}

		require.Equal(t, []string{id(turk), id(other), id(mueller)}, finds(w.clerk, "appointments", suite.Vars{"day": "2026-11-24"}), "the hold of that day isn't booked")
		require.Equal(t, []string{w.booked}, finds(w.clerk, "appointments", suite.Vars{"day": "2026-11-23"}))
		require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"day": "2026-11-25"}))
		require.Equal(t, []string{id(turk)}, finds(w.clerk, "appointments", suite.Vars{"day": "2026-11-24", "reference": turk.Get("reference").String(), "name": "Öztürk"}))
		require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"day": "2026-11-25", "reference": turk.Get("reference").String()}))
		require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"name": "Müller", "reference": turk.Get("reference").String()}))
		held := w.holder.Do(`query($id: ID!) { appointment(id: $id) { reference } }`, suite.Vars{"id": w.held}).OK("appointment.reference").String()
		require.Equal(t, []string{w.held}, finds(w.clerk, "appointments", suite.Vars{"reference": held}), "somebody may ask about a hold")

		w.clerk.On("cancelAppointment", id(other), suite.Key()).OK("cancelAppointment.appointment.id")
		require.Equal(t, []string{id(other), id(mueller)}, finds(w.clerk, "appointments", suite.Vars{"name": "Müller"}), "also what was given up")
	})
}

func TestOnlyStaffOfTheTownLook(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.booksFor(0, "Erika", "Müller")
		for _, what := range []string{"appointments", "applications"} {
			for _, c := range []*suite.Client{w.anonymous, w.holder, w.foreign} {
				require.Equal(t, gjson.Null, looked(c, what, suite.Vars{"name": "Müller"}).OK(what).Type)
			}
			for field, by := range map[string]suite.Vars{
				"reference": {}, "first": {"day": "2026-11-24", "first": 51}, "after": {"day": "2026-11-24", "after": "bm9uc2Vuc2U"}, "name": {"name": ""},
			} {
				a := looked(w.clerk, what, by).Clean()
				require.Equal(t, "INVALID_INPUT", a.ErrorCode(), "%s: %s", field, a.Raw)
			}
			for _, first := range []int{0, -1} {
				require.Equal(t, "INVALID_INPUT", looked(w.clerk, what, suite.Vars{"day": "2026-11-24", "first": first}).Clean().ErrorCode())
			}
			require.Equal(t, "INVALID_INPUT", looked(w.clerk, what, suite.Vars{"name": strings.Repeat("x", 201)}).Clean().ErrorCode())
			require.Equal(t, "INVALID_INPUT", looked(w.clerk, what, suite.Vars{"reference": strings.Repeat("x", 201)}).Clean().ErrorCode())
		}
		other := "lemgo"
		suite.NewTown(t).Renamed(other, suite.OtherARS, "05766044").Import(w.Config)
		w.Clock.Advance(11 * time.Second)
		require.Empty(t, finds(w.foreign, "appointments", suite.Vars{"town": suite.Vars{"ars": suite.OtherARS}, "name": "Müller"}))
	})
}

func TestWhoHasLookedIsInTheLogAndNotForWhat(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		reference := w.booksFor(0, "Xaver", "Quastenflosser").Get("reference").String()
		looked(w.clerk, "appointments", suite.Vars{"name": "Quastenflosser", "day": "2026-11-24"}).OK("appointments")
		looked(w.clerk, "applications", suite.Vars{"reference": reference}).OK("applications")
		looked(w.foreign, "appointments", suite.Vars{"name": "Quastenflosser"}).OK("appointments")
		var lines []string
		for line := range strings.Lines(w.Log.String()) {
			if gjson.Get(line, "msg").String() == "staff lookup" {
				lines = append(lines, fmt.Sprint(gjson.Get(line, "staff"), " ", gjson.Get(line, "municipality"), " ", gjson.Get(line, "of"), " ", gjson.Get(line, "by"), " ", gjson.Get(line, "found")))
			}
		}
		require.Len(t, lines, 2, "nobody else has looked")
		require.Contains(t, lines[0], "erna blomberg appointment name,day 1")
		require.Contains(t, lines[1], "erna blomberg application reference 0")
		for _, word := range []string{"uastenflosser", "uastenfloser", reference, strings.ReplaceAll(reference[4:], "-", "")} {
			require.NotContains(t, w.Log.String(), word)
		}
	})
}

func TestWhatIsFoundComesInPages(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		var all []string
		for n := range 7 {
			all = append([]string{w.booksFor(n, "Erika", "Müller").Get("id").String()}, all...)
		}
		for _, by := range []suite.Vars{{"name": "Müller"}, {"day": "2026-11-24"}, {"name": "erika müller", "day": "2026-11-24"}} {
			var read []string
			by["first"] = 3
			for range 3 {
				page := looked(w.clerk, "appointments", by).OK("appointments")
				for _, edge := range page.Get("edges").Array() {
					read = append(read, edge.Get("node.id").String())
				}
				require.Equal(t, len(read) < len(all), page.Get("pageInfo.hasNextPage").Bool())
				by["after"] = page.Get("pageInfo.endCursor").String()
			}
			require.Equal(t, all, read)
		}
	})
}

func TestStaffFindAnApplicationAndNeverADraft(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		free := w.Filing("abmeldung-ins-ausland")
		named := func(family string) map[string]any {
			answers := map[string]any{}
			for name, v := range free.Accepted[0].(map[string]any) {
				answers[name] = v
			}
			answers["familyName"] = family
			return answers
		}
		person := w.Case()
		id := person.Reviewed(free, named("Brömmelkamp"))
		reference := person.Application(id).Get("reference").String()
		for _, by := range []suite.Vars{{"name": "Brömmelkamp"}, {"reference": reference}, {"day": "2026-11-23"}} {
			require.Empty(t, finds(w.clerk, "applications", by), "a draft")
		}
		person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		for _, by := range []suite.Vars{
			{"name": "Brömmelkamp"},
			{"name": "broemmelkamp"},
			{"reference": strings.ToLower(reference)},
			{"day": "2026-11-23"},
			{"day": "2026-11-23", "name": "Brommelkamp", "reference": reference},
		} {
			require.Equal(t, []string{id}, finds(w.clerk, "applications", by), by)
		}
		require.Empty(t, finds(w.clerk, "applications", suite.Vars{"day": "2026-11-24"}))
		require.Empty(t, finds(w.clerk, "applications", suite.Vars{"name": "2026-11-23"}), "a day is no name")

		contact := func(family string) {
			mutate(person, "setContact", suite.Vars{"privacyNotice": w.place.Notice, "givenName": "Lieschen", "familyName": family}).OK("setContact.case.id")
		}
		contact("Fehler")
		require.Equal(t, []string{id}, finds(w.clerk, "applications", suite.Vars{"name": "Lieschen Fehler"}))
		contact("Brömmelkamp")
		require.Empty(t, finds(w.clerk, "applications", suite.Vars{"name": "Fehler"}), "a name that was corrected")
		contact("Anders")
		require.Equal(t, []string{id}, finds(w.clerk, "applications", suite.Vars{"name": "Brömmelkamp"}), "its answers have it still")

		w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "Ihr Name?"}).OK("requestInformation.application.id")
		person.Mutate("answerRequest", suite.Vars{"application": id, "message": "Nun:", "answers": named("Neuname")}).OK("answerRequest.application.id")
		require.Equal(t, []string{id}, finds(w.clerk, "applications", suite.Vars{"name": "Neuname"}))
	})
}

// What was there before names were indexed is found once the job has run.
func TestWhatWasThereBeforeIsIndexedBehind(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		person := w.Case()
		filed := person.Submitted(w.Filing("abmeldung-ins-ausland")).Get("id").String()
		draft := person.Reviewed(w.Filing("abmeldung-ins-ausland"), w.Filing("abmeldung-ins-ausland").Accepted[0])
		writer := suite.OpenWriter(t, w.Config)
		words := func() string { return suite.Dump(t, w.database, "name_words") }
		want := words()
		require.NotContains(t, want, draft)
		_, err := writer.Exec(`DELETE FROM name_words`)
		require.NoError(t, err)
		require.Empty(t, finds(w.clerk, "appointments", suite.Vars{"name": "Mustermann"}))
		run := func() {
			_, err := writer.Exec(`INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, created_at, scheduled_at)
				VALUES ('{}', 'index_names', 1, 1, 'default', 'available', $1, $1)`, w.Clock.Now().UTC().Add(-time.Minute).Format("2006-01-02 15:04:05+00:00"))
			require.NoError(t, err)
		}
		left := func() (n int) {
			require.NoError(t, w.database.QueryRow(`SELECT coalesce(sum(passes), 0) FROM name_backlog`).Scan(&n))
			return n
		}
		for _, kind := range []string{"appointment", "application"} {
			_, err = writer.Exec(`INSERT INTO name_backlog (kind, after, passes, due) VALUES ($1, '', 2, `+map[string]string{"sqlite": "0", "postgres": "'epoch'"}[b.Name]+`)`, kind)
			require.NoError(t, err)
		}
		run()
		require.Eventually(t, func() bool { return left() == 2 }, 20*time.Second, 20*time.Millisecond)
		require.Equal(t, want, words())
		require.Equal(t, []string{filed}, finds(w.clerk, "applications", suite.Vars{"day": "2026-11-23"}))
		w.Clock.Advance(25 * time.Hour)
		run()
		require.Eventually(t, func() bool { return left() == 0 }, 20*time.Second, 20*time.Millisecond)
		require.Equal(t, want, words())
	})
}
