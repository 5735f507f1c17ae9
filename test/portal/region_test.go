package portal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/bench/tap"
	"nelke/test/suite"
)

const nextInRegion = `query($in: NextSlotsInput!) { nextSlots(input: $in) { municipality { slug ars } office { id } service { id kind { slug } } starts reason } }`

// neighbours are Blomberg and two towns beside it that are as it is, and one that books nothing online.
func neighbours(t *testing.T, b *suite.Backend) *suite.Process {
	t.Helper()
	p := suite.Serve(t, b)
	suite.NewTown(t).Renamed("lage", "057660040040", "05766040").Import(p.Config)
	suite.NewTown(t).Renamed("lemgo", "057660044044", "05766044").Import(p.Config)
	suite.NewTown(t).Renamed("leer", "034570013013", "03457013").Import(p.Config) // another region
	p.Clock.Advance(11 * time.Second)
	return p
}

func TestTheNearestTimesOfARegionComeFirst(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := neighbours(t, b)
		next := func(in suite.Vars) gjson.Result {
			return p.Anonymous().For(t).Do(nextInRegion, suite.Vars{"in": in}).OK("nextSlots")
		}
		card := suite.Vars{"slug": "identity-card"}
		// The first day in Blomberg is taken up, so that the others are nearer.
		place, holder := p.Place(), p.Case()
		first := holder.Starts(place, 28)[0]
		holder.Booked(place, first)
		p.Case().Booked(place, first)

		var one []string
		for _, town := range []string{"blomberg", "lage", "lemgo"} {
			for _, start := range next(suite.Vars{"where": suite.Vars{"municipality": suite.Vars{"slug": town}}, "kind": card, "count": 20}).Get("0.starts").Array() {
				one = append(one, start.String()+" "+town)
			}
		}
		slices.Sort(one)
		for _, count := range []int{1, 2, 5, 20} {
			rows := next(suite.Vars{"where": suite.Vars{"region": "05766"}, "kind": card, "count": count})
			var got []string
			for _, row := range rows.Array() {
				for _, start := range row.Get("starts").Array() {
					got = append(got, start.String()+" "+row.Get("municipality.slug").String())
				}
				require.Equal(t, "identity-card", row.Get("service.kind.slug").String())
			}
			slices.Sort(got)
			require.Equal(t, one[:count], got)
			require.Len(t, rows.Array(), 3, "each town has its row")
			last := ""
			for _, row := range rows.Array() {
				if begin := row.Get("starts.0").String(); begin == "" {
					require.Equal(t, "LATER", row.Get("reason").String())
					last = "~"
				} else {
					require.GreaterOrEqual(t, begin, last, "the nearest first, those without last")
					require.Equal(t, gjson.Null, row.Get("reason").Type)
					last = begin
				}
			}
		}
		key := next(suite.Vars{"where": suite.Vars{"region": "057"}, "kind": suite.Vars{"leikaKey": "99008001012000"}, "count": 3})
		require.Len(t, key.Array(), 3)
		require.Len(t, next(suite.Vars{"where": suite.Vars{"region": "0"}, "kind": card}).Array(), 4)
		require.Empty(t, next(suite.Vars{"where": suite.Vars{"region": "09"}, "kind": card}).Array())
		for _, row := range next(suite.Vars{"where": suite.Vars{"region": "05766"}, "kind": suite.Vars{"slug": "postal-vote"}}).Array() {
			require.Equal(t, "NOT_OFFERED", row.Get("reason").String())
		}
		require.Equal(t, "TOO_FAR", next(suite.Vars{"where": suite.Vars{"region": "05766"}, "kind": card, "from": "2028-01-01"}).Get("0.reason").String())
		for name, in := range map[string]suite.Vars{
			"no kind":         {"where": suite.Vars{"region": "05766"}, "concerns": []suite.Vars{{"service": place.Service}}},
			"neither":         {"where": suite.Vars{"region": "05766"}},
			"both":            {"where": suite.Vars{"municipality": suite.Vars{"slug": "lage"}}, "kind": card, "concerns": []suite.Vars{{"service": place.Service}}},
			"a kind of none":  {"where": suite.Vars{"region": "05766"}, "kind": suite.Vars{}},
			"a kind of two":   {"where": suite.Vars{"region": "05766"}, "kind": suite.Vars{"slug": "a", "leikaKey": "b"}},
			"places of two":   {"where": suite.Vars{"region": "05766", "office": place.Office}, "kind": card},
			"too many starts": {"where": suite.Vars{"region": "05766"}, "kind": card, "count": 21},
		} {
			require.Contains(t, []string{"INVALID_INPUT", "GRAPHQL_VALIDATION_FAILED"}, p.Anonymous().For(t).Do(nextInRegion, suite.Vars{"in": in}).ErrorCode(), name)
		}
	})
}

func TestOneStatementTellsThatAllTownsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	var heard *tap.Tap
	p := suite.Serve(t, suite.Postgres(t), func(c *server.Config) {
		var err error
		heard, c.DatabaseURL, err = tap.New(t.Context(), c.DatabaseURL)
		require.NoError(t, err)
		t.Cleanup(heard.Close)
		c.RedisURL, c.Options.ClockMoved = "", nil // it gets neither nudges nor moves of the clock, so that age alone counts
	})
	suite.NewTown(t).Renamed("lage", "057660040040", "05766040").Import(p.Config)
	const query = `query($f: PublicServiceFilter) { municipalities { nodes { slug offices { name } } } publicServices(filter: $f, first: 100) { nodes { slug } } }`
	ask := func(after time.Duration) (answer string, reads []string) {
		p.Clock.Advance(after)
		heard.Take()
		a := p.Anonymous().For(t).Do(query, suite.Vars{"f": suite.Vars{"text": "Turmfalke"}})
		require.Len(t, a.OK("municipalities.nodes").Array(), 2)
		for _, statement := range heard.Take() {
			for _, table := range []string{"municipalities", "offices", "counters", "public_services", "fees", "forms", "privacy_notices", "service_kinds"} {
				if strings.HasPrefix(statement.SQL, "SELECT") && strings.Contains(statement.SQL, ` FROM "`+table+`"`) {
					reads = append(reads, statement.SQL)
				}
			}
		}
		return a.Get("data").Raw, reads
	}
	before, reads := ask(11 * time.Second)
	require.Contains(t, before, `"publicServices":{"nodes":[]}`)
	require.Greater(t, len(reads), 10, "all of it, at first")
	for range 3 {
		again, reads := ask(11 * time.Second)
		require.Equal(t, []string{`SELECT "municipalities"."id", "municipalities"."event_head" FROM "municipalities"`}, reads)
		require.Equal(t, before, again)
	}

	// Another process's change without a nudge is found by it, and only what it changed is read again.
	lage := suite.NewTown(t).Renamed("lage", "057660040040", "05766040")
	lage.Edit("", "{de: Bürgerbüro,", "{de: Rathaus,").Edit("", "{de: Personalausweis beantragen,", "{de: Turmfalken melden,").Import(p.Config)
	changed, reads := ask(11 * time.Second)
	require.Contains(t, changed, "Rathaus")
	require.Contains(t, changed, `"publicServices":{"nodes":[{"slug":"personalausweis"}]}`)
	require.Greater(t, len(reads), 10)
}

func TestATownThatIsNotReadyInTimeSaysSoAndTheOthersAreOnTime(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := neighbours(t, b)
		p.Case().Booked(p.Place(), p.Anonymous().Starts(p.Place(), 28)[0]) // so that there is a row to stumble over
		db := suite.OpenWriter(t, p.Config)
		exec := func(statement string) {
			_, err := db.Exec(statement)
			require.NoError(t, err, statement)
		}
		var counters string
		require.NoError(t, db.QueryRow(`SELECT min(number) || ' AND ' || max(number) FROM counters c JOIN offices o ON o.id = c.office_id JOIN municipalities m ON m.id = o.municipality_id WHERE m.slug = 'blomberg'`).Scan(&counters))
		if p.Config.DatabaseURL != "" {
			exec(`ALTER TABLE allocation ENABLE ROW LEVEL SECURITY`)
			exec(`ALTER TABLE allocation FORCE ROW LEVEL SECURITY`)
			exec(`CREATE POLICY slow ON allocation USING (counter NOT BETWEEN ` + counters + ` OR pg_sleep(60)::text = '')`)
		} else {
			exec(`ALTER TABLE allocation RENAME TO real_allocation`)
			exec(`CREATE VIEW allocation AS SELECT * FROM real_allocation WHERE counter NOT BETWEEN ` + counters + ` OR
				(WITH RECURSIVE n(i) AS (SELECT counter UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) FROM n) > 0`)
		}
		p.Clock.Advance(11 * time.Second)
		begin := time.Now()
		rows := p.Anonymous().For(t).Do(nextInRegion, suite.Vars{"in": suite.Vars{"where": suite.Vars{"region": "05766"}, "kind": suite.Vars{"slug": "identity-card"}, "count": 4}}).OK("nextSlots")
		took := time.Since(begin)
		reasons := map[string]string{}
		for _, row := range rows.Array() {
			reasons[row.Get("municipality.slug").String()] = fmt.Sprint(row.Get("reason").String(), row.Get("starts.#").Int() > 0)
		}
		require.Equal(t, map[string]string{"blomberg": "TIMEOUTfalse", "lage": "true", "lemgo": "true"}, reasons)
		require.Less(t, took, 8*time.Second, "within the time of a request")
	})
}
