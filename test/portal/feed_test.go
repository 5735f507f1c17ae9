package portal_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func TestTheFeedTellsOfEachThingThatChangedOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		ask := func(vars suite.Vars) *suite.Answer {
			return p.Anonymous().For(t).Do(`query($since: String, $types: [ChangeType!], $first: Int) { changes(since: $since, types: $types, first: $first) { cursor more changes { type id at } } }`, vars)
		}
		cursor := ""
		news := func() (changes []string) {
			for {
				feed := ask(suite.Vars{"since": cursor, "first": 7}).OK("changes")
				for _, c := range feed.Get("changes").Array() {
					changes = append(changes, c.Get("type").String()+" "+c.Get("id").String())
				}
				cursor = feed.Get("cursor").String()
				if !feed.Get("more").Bool() {
					return changes
				}
			}
		}
		first := ask(suite.Vars{"first": 1000}).OK("changes")
		cursor = first.Get("cursor").String()
		services := p.Anonymous().Do(`{ publicServices(first: 100) { nodes { id slug } } municipality(by: {slug: "blomberg"}) { id offices { id } } }`, nil)
		require.Len(t, first.Get("changes").Array(), 2+len(services.OK("publicServices.nodes").Array()))
		require.Equal(t, "+01:00", first.Get("changes.0.at").String()[19:], "in the town's zone")
		require.Empty(t, news(), "nothing has changed since")

		id := func(slug string) string {
			return services.Get(`data.publicServices.nodes.#(slug="` + slug + `").id`).String()
		}
		setFee := func(slug string, cents int) {
			admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "service": id(slug), "cents": cents, "legalBasis": suite.Vars{"de": "S", "en": "B"}, "validFrom": "2026-12-01",
			}}).OK("setFee.problems")
		}
		setFee("meldebescheinigung", 1100)
		setFee("sterbeurkunde", 1100)
		setFee("meldebescheinigung", 1200)
		require.Equal(t, []string{"PUBLIC_SERVICE " + id("sterbeurkunde"), "PUBLIC_SERVICE " + id("meldebescheinigung")}, news(), "each once, by its last change")
		office := services.Get("data.municipality.offices.0.id").String()
		closure := func(dry bool) {
			admin.Do(`mutation($in: AddClosureInput!) { addClosure(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "office": office, "from": "2027-01-04", "to": "2027-01-04", "reason": suite.Vars{"de": "Umzug", "en": "Move"}, "dryRun": dry,
			}}).OK("addClosure.problems")
		}
		closure(true)
		require.Empty(t, news(), "a dry run changes nothing")
		closure(false)
		require.Equal(t, []string{"OFFICE " + office}, news())

		// An import puts what it changes into the feed, and nothing else.
		town := suite.NewTown(t).EditAfter("- slug: fuehrungszeugnis\n", "cents: 1300", "cents: 1400")
		town.Import(p.Config)
		p.Clock.Advance(11 * time.Second)
		require.Equal(t, []string{"PUBLIC_SERVICE " + id("fuehrungszeugnis")}, news())
		town.Import(p.Config)
		p.Clock.Advance(11 * time.Second)
		require.Empty(t, news())
		town.Without("briefwahlantrag").Import(p.Config)
		p.Clock.Advance(11 * time.Second)
		gone := news()
		require.Equal(t, []string{"PUBLIC_SERVICE " + id("briefwahlantrag")}, gone)
		require.Equal(t, gjson.Null, p.Anonymous().Do(`query($id: ID!) { publicService(by: {id: $id}) { id } }`, suite.Vars{"id": id("briefwahlantrag")}).OK("publicService").Type)

		require.Len(t, ask(suite.Vars{"types": []string{"OFFICE"}}).OK("changes.changes").Array(), 1)
		require.Len(t, ask(suite.Vars{"types": []string{"OFFICE", "MUNICIPALITY"}}).OK("changes.changes").Array(), 2)
		for _, since := range []string{"nonsense", base64.RawURLEncoding.EncodeToString([]byte("c\x00-1")), base64.RawURLEncoding.EncodeToString([]byte("m\x001")), "Yw"} {
			require.Equal(t, "INVALID_INPUT", ask(suite.Vars{"since": since}).ErrorCode(), since)
		}
		require.Equal(t, "INVALID_INPUT", ask(suite.Vars{"first": 1001}).ErrorCode())

		require.NoError(t, p.Stop())
		p = suite.Serve(t, b, suite.In(p.Config.Data))
		require.Empty(t, news(), "a cursor outlives the process")
	})
}

func TestATransactionThatIsOpenOverOthersIsSeenAfterThem(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		if b.Redis == nil {
			return // SQLite has one writer at a time
		}
		p := suite.Serve(t, b)
		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		ids := p.Anonymous().Do(`{ publicServices(first: 100) { nodes { id } } }`, nil).OK("publicServices.nodes.#.id").Array()
		cursor := p.Anonymous().Do(`{ changes(first: 1000) { cursor } }`, nil).OK("changes.cursor").String()

		// Another town is imported, and hangs before its end: somebody holds its row.
		db := suite.OpenWriter(t, p.Config)
		lage := suite.NewTown(t).Renamed("lage", "057660040040", "05766040")
		lage.Import(p.Config)
		cursor = p.Anonymous().Do(`query($s: String) { changes(since: $s, first: 1000) { cursor } }`, suite.Vars{"s": cursor}).OK("changes.cursor").String()
		block, err := db.Begin()
		require.NoError(t, err)
		_, err = block.Exec(`UPDATE offices SET revision = revision WHERE municipality_id = (SELECT id FROM municipalities WHERE slug = 'lage')`)
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := server.Import(t.Context(), p.Config, []string{lage.Edit("", "graceMinutes: 1440", "graceMinutes: 1500").File})
			done <- err
		}()
		require.Eventually(t, func() bool {
			var waiting int
			require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&waiting))
			return waiting > 0
		}, 20*time.Second, 20*time.Millisecond)

		seen := map[string]bool{}
		read := func() {
			feed := p.Anonymous().Do(`query($s: String) { changes(since: $s, first: 1000) { cursor changes { id } } }`, suite.Vars{"s": cursor}).OK("changes")
			cursor = feed.Get("cursor").String()
			for _, c := range feed.Get("changes.#.id").Array() {
				seen[c.String()] = true
			}
		}
		for i := range 10 {
			admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "service": ids[i].String(), "cents": 100 + i, "legalBasis": suite.Vars{"de": "S", "en": "B"}, "validFrom": "2026-12-01",
			}}).OK("setFee.problems")
			read()
		}
		require.Len(t, seen, 10, "nobody waits for the open one")
		require.NoError(t, block.Rollback())
		require.NoError(t, <-done)
		p.Clock.Advance(11 * time.Second)
		read()
		var town string
		require.NoError(t, db.QueryRow(`SELECT id FROM municipalities WHERE slug = 'lage'`).Scan(&town))
		require.True(t, seen[town], fmt.Sprint(seen))
	})
}
