package portal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// What pages show of a town beside its services, in both languages.
func TestATownSaysWhatItsPagesShow(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		german, english := p.Anonymous(), p.Anonymous()
		english.Accept = "en"
		ask := func(c *suite.Client) gjson.Result {
			return c.Do(`{ municipality(by: {slug: "blomberg"}) { assumed frequent { slug } offices { directions assumed }
				occasions { slug name services { slug } } pages { kind title text url language updatedOn source }
				easy: page(kind: EASY_LANGUAGE) { title language url } imprint: page(kind: IMPRINT) { title language url } banner { text } }
				authority: publicService(by: {slug: {municipality: "blomberg", service: "fuehrungszeugnis"}}) { authority processingDays }
				town: publicService(by: {slug: {municipality: "blomberg", service: "briefwahlantrag"}}) { authority processingDays } }`, nil).OK("@this")
		}
		de, en := ask(german), ask(english)
		require.JSONEq(t, `["personalausweis", "reisepass", "wohnsitz-anmelden", "meldebescheinigung", "fuehrungszeugnis", "abholung-ausweis-pass", "geburtsurkunde", "statusabfrage-ausweis-pass"]`,
			de.Get("municipality.frequent.#.slug").Raw)
		require.Contains(t, de.Get("municipality.offices.0.directions").String(), "Marktplatz")
		require.Contains(t, en.Get("municipality.offices.0.directions").String(), "market square")
		require.Contains(t, slugs(de.Get("municipality.offices.0.assumed")), "directions")
		require.Contains(t, slugs(de.Get("municipality.assumed")), "frequent")
		require.JSONEq(t, `{"authority": "Bundesamt für Justiz", "processingDays": 14}`, de.Get("authority").Raw)
		require.JSONEq(t, `{"authority": "Federal Office of Justice", "processingDays": 14}`, en.Get("authority").Raw)
		require.JSONEq(t, `{"authority": null, "processingDays": 2}`, de.Get("town").Raw)
		require.Equal(t, gjson.Null, de.Get("municipality.banner").Type)

		require.JSONEq(t, `["IMPRINT", "ACCESSIBILITY", "EASY_LANGUAGE", "SIGN_LANGUAGE", "CONTACT"]`, de.Get("municipality.pages.#.kind").Raw)
		require.JSONEq(t, `["DE", "DE", "DE", "DE", "DE"]`, de.Get("municipality.pages.#.language").Raw)
		require.JSONEq(t, `["EN", "EN", "DE", "DE", "EN"]`, en.Get("municipality.pages.#.language").Raw)
		require.JSONEq(t, `["assumed", "assumed", "assumed", "assumed", "assumed"]`, de.Get("municipality.pages.#.source").Raw)
		for _, page := range append(de.Get("municipality.pages").Array(), en.Get("municipality.pages").Array()...) {
			require.NotEmpty(t, page.Get("text").String())
			require.Equal(t, "2026-11-30", page.Get("updatedOn").String())
		}
		require.JSONEq(t, `{"title": "Leichte Sprache", "language": "DE", "url": null}`, en.Get("municipality.easy").Raw, "there is no other")
		require.JSONEq(t, `{"title": "Imprint", "language": "EN", "url": "https://www.blomberg-lippe.de"}`, en.Get("municipality.imprint").Raw)

		require.Equal(t, "Umzug", de.Get("municipality.occasions.0.name").String())
		require.Equal(t, "Moving house", en.Get("municipality.occasions.0.name").String())
		require.JSONEq(t, `["abmeldung-ins-ausland", "wohnungsgeberbestaetigung", "adressaenderung-ausweis", "wohnsitz-anmelden"]`,
			de.Get("municipality.occasions.0.services.#.slug").Raw, "in the town's order")
		grouped := map[string]int{}
		for _, o := range de.Get("municipality.occasions").Array() {
			require.NotEmpty(t, o.Get("services").Array(), o.Raw)
			for _, s := range o.Get("services").Array() {
				grouped[s.Get("slug").String()]++
			}
		}
		require.Len(t, grouped, 30)
		require.Equal(t, 2, grouped["reisepass"], "a service may stand under several")
	})
}

// Services of no kind, or of one without an occasion, stand under the last group; what a file no longer says is gone.
func TestWhatPagesShowFollowsTheFile(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		watch := p.Anonymous().Subscribe(`subscription { publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) {
			municipality { frequent { slug } pages { kind } occasions { slug services { slug } } } } }`, nil)
		const town = "data.publicService.municipality."
		watch.Until(func(m gjson.Result) bool { return m.Get(town+"frequent.#").Int() == 8 })
		suite.NewTown(t).Edit("", "  frequent:\n    - personalausweis\n    - reisepass\n", "  frequent:\n    - reisepass\n").
			Edit("", "  - kind: CONTACT\n", "  - kind: ACCESSIBILITY\n").
			Edit("", "  - kind: ACCESSIBILITY\n    updatedOn: 2026-11-30\n    de: {title: Erklärung", "  - kind: CONTACT\n    updatedOn: 2026-11-30\n    de: {title: Erklärung").
			Edit("shared/kinds.yaml", "    occasions: [elections]\n", "").EditAfter("slug: fundsache\n", "    kind: lost-property\n", "").
			Import(p.Config)
		p.Clock.Advance(time.Minute) // on SQLite nothing nudges for what another process did
		m := watch.Until(func(m gjson.Result) bool { return m.Get(town+"frequent.#").Int() == 7 })
		require.JSONEq(t, `["IMPRINT", "CONTACT", "EASY_LANGUAGE", "SIGN_LANGUAGE", "ACCESSIBILITY"]`, m.Get(town+"pages.#.kind").Raw)
		occasions := m.Get(town + "occasions").Array()
		require.JSONEq(t, `{"slug": "other", "services": [{"slug": "briefwahlantrag"}, {"slug": "fundsache"}]}`, occasions[len(occasions)-1].Raw)
		require.NotContains(t, m.Raw, `"elections"`, "a group without services isn't there")
	})
}

// A banner shows everywhere at once, within its window alone, and is taken back.
func TestABannerShowsWithinItsWindow(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.municipality()
		watch := w.anonymous.Subscribe(`subscription($id: ID!) { publicService(by: {id: $id}) { municipality { banner { text from to } } } }`, suite.Vars{"id": w.place.Service})
		now := func() string {
			return w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { banner { text from to } } }`, nil).OK("municipality.banner").Raw
		}
		shown := func(want string) {
			t.Helper()
			watch.Until(func(m gjson.Result) bool { return m.Get("data.publicService.municipality.banner").Raw == want })
			require.Equal(t, want, now())
		}
		text := suite.Vars{"de": " Am Sonntag wird gewartet. ", "en": "Maintenance on Sunday."}
		shown("null")
		set := mutate(w.admin, "setBanner", suite.Vars{"municipality": town, "text": text}).OK("setBanner.municipality")
		require.JSONEq(t, `{"text": "Am Sonntag wird gewartet.", "from": null, "to": null}`, set.Get("banner").Raw)
		shown(`{"text":"Am Sonntag wird gewartet.","from":null,"to":null}`)
		w.anonymous.Accept = "en"
		require.Equal(t, "Maintenance on Sunday.", w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { banner { text } } }`, nil).OK("municipality.banner.text").String())
		w.anonymous.Accept = ""

		from, to := suite.Start().Add(time.Hour), suite.Start().Add(2*time.Hour)
		later := suite.Vars{"municipality": town, "text": text, "from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)}
		require.Equal(t, "null", mutate(w.admin, "setBanner", later).OK("setBanner.municipality").Get("banner").Raw)
		shown("null")
		w.Clock.Set(from.Add(-time.Microsecond))
		require.Equal(t, "null", now())
		w.Clock.Set(from)
		shown(`{"text":"Am Sonntag wird gewartet.","from":"2026-11-23T08:00:00+01:00","to":"2026-11-23T09:00:00+01:00"}`)
		w.Clock.Set(to.Add(-time.Microsecond))
		require.NotEqual(t, "null", now())
		w.Clock.Set(to)
		shown("null")

		mutate(w.admin, "removeBanner", suite.Vars{"municipality": town}).OK("removeBanner.municipality")
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "removeBanner", suite.Vars{"municipality": town}), "WRONG_STATE", "input.municipality")
		})
		var actions []string
		rows, err := w.database.Query(`SELECT action FROM events WHERE action LIKE 'municipality.banner%' AND stream = subject AND actor LIKE 'staff:%anna' ORDER BY seq`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var action string
			require.NoError(t, rows.Scan(&action))
			actions = append(actions, action)
		}
		require.NoError(t, rows.Err())
		require.Equal(t, []string{"municipality.banner_set", "municipality.banner_set", "municipality.banner_removed"}, actions)
	})
}

func TestABannerSaysSomethingAndEndsAfterItBegins(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		now := suite.Start()
		at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
		banner := suite.Vars{"municipality": w.municipality(), "text": basis()}
		long := strings.Repeat("x", 501)
		for name, c := range map[string]struct {
			input suite.Vars
			path  string
		}{
			"no German":        {with(banner, "text", suite.Vars{"de": " ", "en": "x"}), "input.text.de"},
			"English too long": {with(banner, "text", suite.Vars{"de": "x", "en": long}), "input.text.en"},
			"two lines":        {with(banner, "text", suite.Vars{"de": "x\ny", "en": "x"}), "input.text.de"},
			"over already":     {with(banner, "to", at(0)), "input.to"},
			"no length":        {with(banner, "from", at(time.Hour), "to", at(time.Hour)), "input.to"},
			"reversed":         {with(banner, "from", at(2*time.Hour), "to", at(time.Hour)), "input.to"},
		} {
			t.Run(name, func(t *testing.T) {
				w.unchanged(t, func() { refused(t, mutate(w.admin.For(t), "setBanner", c.input), "INVALID_INPUT", c.path) })
			})
		}
	})
}
