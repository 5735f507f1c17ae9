//go:build federation

package federation

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/test/suite"
)

// TestGateways asks through both gateways.
func TestGateways(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) { throughBoth(t, newRegion(t, b)) })
}

func throughBoth(t *testing.T, r *region) {
	for _, g := range []gateway{r.apollo(t, r.compose(t, "apollo")), r.hive(t, r.compose(t, "guild"), "hive.config.js")} {
		t.Run(g.name, func(t *testing.T) {
			gateways.check(t, g.name, "a region's services with their fees, across subgraphs, in one query", func(t *testing.T) { services(t, r, g) })
			gateways.check(t, g.name, "a town that Nelke doesn't have is null, and its neighbours stay", func(t *testing.T) { strangers(t, g) })
			gateways.check(t, g.name, "an application with its case's token; for anybody else nothing", func(t *testing.T) { application(t, r, g) })
			gateways.check(t, g.name, "the token goes to Nelke, and to nobody else", func(t *testing.T) {
				require.Positive(t, r.asked.Load())
				require.Zero(t, r.overheard.Load())
			})
			gateways.check(t, g.name, "callers at the same moment each get their own", func(t *testing.T) { apart(t, r, g) })
			gateways.check(t, g.name, "a wrong token is UNAUTHENTICATED, and the neighbour answers", func(t *testing.T) { wrongToken(t, g) })
			gateways.check(t, g.name, "problems arrive whole, in the language asked for", func(t *testing.T) { problems(t, r, g) })
			gateways.check(t, g.name, "a mutation runs once, two of them in order", func(t *testing.T) { mutations(t, r, g) })
			gateways.check(t, g.name, "from an empty case to a filed application and a booked appointment", func(t *testing.T) { story(t, r, g) })
			gateways.check(t, g.name, "limits count the network of the client, not the gateway's", func(t *testing.T) { limits(t, g) })
		})
	}
}

// TestOtherSupergraphs gives each gateway a supergraph of a composer that isn't its own.
func TestOtherSupergraphs(t *testing.T) {
	t.Parallel()
	r := newRegion(t, suite.SQLite())
	contract := r.apollo(t, r.compose(t, "guild", "--without=staff"))
	gateways.check(t, contract.name, "the other composer's supergraph does as well", func(t *testing.T) {
		services(t, r, contract)
		require.Equal(t, "GRAPHQL_VALIDATION_FAILED", contract.Anonymous().Do(`{ regions { keeper } }`, nil).ErrorCode())
	})
	whole := r.hive(t, r.compose(t, "apollo"), "hive.config.js")
	gateways.check(t, whole.name, "the other composer's supergraph does as well", func(t *testing.T) {
		services(t, r, whole)
		whole.Anonymous().For(t).Do(`{ regions { keeper } }`, nil).OK("regions.0.keeper")
	})
	own := r.hive(t, "", "hive.config.js", "--dev-service", "nelke="+r.nelke.URL+"/graphql", "--dev-service", "directory="+r.neighbour)
	gateways.check(t, own.name, "it composes by itself", func(t *testing.T) { services(t, r, own) })
}

// services compares what comes through the gateway with what Nelke says itself.
func services(t *testing.T, r *region, g gateway) {
	const list = `services(first: 100) { totalCount nodes { id slug name channels fee { amount { cents currency } legalBasis validFrom } } pageInfo { hasNextPage endCursor } }`
	for _, language := range []string{"de", "en"} {
		nelke, through := r.nelke.Anonymous().For(t), g.Anonymous().For(t)
		nelke.Accept, through.Accept = language, language
		direct := nelke.Do(`{ municipality(by: {slug: "blomberg"}) { `+list+` } }`, nil).OK("municipality.services")
		answer := through.Do(`query($key: ID!) { region(key: $key) { name municipalities {
			ars area localities slug region { key } `+list+` offices { name municipality { region { name } } } } } }`,
			suite.Vars{"key": district})
		require.Equal(t, "Kreis Lippe", answer.OK("region.name").String())
		town := answer.OK("region.municipalities.0")
		require.Equal(t, "blomberg", town.Get("slug").String())
		require.InDelta(t, 99.1, town.Get("area").Float(), 0)
		require.Equal(t, district, town.Get("region.key").String())
		require.Equal(t, "Kreis Lippe", town.Get("offices.0.municipality.region.name").String())
		require.JSONEq(t, direct.Raw, town.Get("services").Raw)
		require.Equal(t, int64(900), town.Get(`services.nodes.#(slug=="meldebescheinigung").fee.amount.cents`).Int())
	}
	names := func(language string) string {
		c := g.Anonymous().For(t)
		c.Accept = language
		return c.Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { name } }`, nil).OK("publicService.name").String()
	}
	require.NotEqual(t, names("de"), names("en"))
}

func strangers(t *testing.T, g gateway) {
	towns := func(fields string) []gjson.Result {
		return g.Anonymous().For(t).Do(`{ region(key: "`+bezirk+`") { municipalities { ars `+fields+` } } }`, nil).Get("data.region.municipalities").Array()
	}
	known := towns("")
	require.Len(t, known, 2)
	require.Equal(t, noTown, known[0].Get("ars").String())
	mixed := towns("name")
	require.Len(t, mixed, 2)
	require.Equal(t, gjson.Null, mixed[0].Type)
	require.Equal(t, "Blomberg", mixed[1].Get("name").String())
}

const ownApplication = `query($id: ID!) { application(id: $id) { id status due { cents } case { id } service { slug municipality { area region { name } } } } }`

func application(t *testing.T, r *region, g gateway) {
	erika, otto := r.nelke.Case(), r.nelke.Case()
	id := erika.Draft(r.nelke.Filing("meldebescheinigung"))
	vars := suite.Vars{"id": id}
	own := erika.At(g.Process).For(t).Do(ownApplication, vars).OK("application")
	require.Equal(t, id, own.Get("id").String())
	require.Equal(t, int64(900), own.Get("due.cents").Int())
	require.Equal(t, "Kreis Lippe", own.Get("service.municipality.region.name").String())
	for who, c := range map[string]*suite.Client{
		"nobody": r.nelke.Anonymous(), "another case": otto, "a clerk, of a draft": r.nelke.Clerk(),
		"a clerk of another town": r.nelke.Staff("olga", "CLERK@"+suite.OtherARS),
		"a case never opened":     {Process: r.nelke, Token: identity.NewCaseKey()},
	} {
		a := c.At(g.Process).For(t).Do(ownApplication, vars)
		require.JSONEq(t, `{"data":{"application":null}}`, a.Raw, who)
	}
	require.Equal(t, "NOT_FOUND", otto.At(g.Process).For(t).Mutate("withdrawApplication", suite.Vars{"application": id}).Problem())
}

// apart asks the same as two cases and as nobody, again and again at the same moment: a gateway that sends equal
// requests once must see that these aren't.
func apart(t *testing.T, r *region, g gateway) {
	type caller struct {
		*suite.Client
		id string
	}
	var callers []caller
	for range 2 {
		c := r.nelke.Case()
		callers = append(callers, caller{c, c.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()})
	}
	callers = append(callers, caller{r.nelke.Anonymous(), ""})
	var all sync.WaitGroup
	got := make([]string, 60)
	for i := range got {
		all.Go(func() {
			if a, err := callers[i%len(callers)].At(g.Process).Try(`{ viewer { kind case { id municipality { region { name } } } } }`, nil); err == nil {
				got[i] = a.Raw
			}
		})
	}
	all.Wait()
	for i, raw := range got {
		require.NotEmpty(t, gjson.Get(raw, "data.viewer.kind").String(), raw)
		require.Equal(t, callers[i%len(callers)].id, gjson.Get(raw, "data.viewer.case.id").String(), raw)
	}
}

func wrongToken(t *testing.T, g gateway) {
	c := g.Anonymous().For(t)
	c.Token = "nobody's"
	a := c.Do(`{ viewer { kind } publicServices { totalCount } regions { name } }`, nil)
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, "UNAUTHENTICATED", a.ErrorCode(), a.Raw)
	require.Equal(t, gjson.Null, a.Get("data.viewer").Type, a.Raw)
	require.Equal(t, "Kreis Lippe", a.Get(`data.regions.#(name=="Kreis Lippe").name`).String(), a.Raw)
}
