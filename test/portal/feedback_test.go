package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/server"
	"nelke/test/suite"
)

// give gives feedback and returns the answer.
func give(c *suite.Client, change ...any) *suite.Answer {
	in := with(suite.Vars{
		"idempotencyKey": suite.Key(), "municipality": suite.Vars{"slug": "blomberg"}, "about": "PAGE", "satisfaction": 4,
	}, change...)
	return c.Do(`mutation($in: GiveFeedbackInput!) { giveFeedback(input: $in) { received`+problems+` } }`, suite.Vars{"in": in})
}

const feedback = `query($first: Int, $after: String) { feedback(municipality: {slug: "blomberg"}, first: $first, after: $after) {
	nodes { about service { slug } step satisfaction message at } edges { cursor node { message } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`

// Anybody says what they think; the town's staff read it, newest first, and nothing of who said it.
func TestFeedbackIsAnybodysToGiveAndTheStaffsToRead(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		require.True(t, give(w.anonymous, "satisfaction", 5).OK("giveFeedback.received").Bool())
		give(w.holder, "satisfaction", nil, "message", "  Das Datum\r\nist schwer zu finden. ", "about", "APPLICATION", "step", "ANSWERS", "service", w.place.Service).OK("giveFeedback")
		key := suite.Key()
		for range 2 {
			give(w.anonymous, "idempotencyKey", key, "message", "Mein Screenreader liest das nicht.", "about", "ACCESSIBILITY").OK("giveFeedback")
		}
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", give(w.anonymous, "idempotencyKey", key).Problem())
		require.Equal(t, 3, w.count(t, "feedback"), "the same key has the same effect once")

		first := w.clerk.Do(feedback, suite.Vars{"first": 2})
		require.JSONEq(t, `[
			{"about": "ACCESSIBILITY", "service": null, "step": null, "satisfaction": 4, "message": "Mein Screenreader liest das nicht.", "at": "2026-11-23T07:00:00+01:00"},
			{"about": "APPLICATION", "service": {"slug": "personalausweis"}, "step": "ANSWERS", "satisfaction": null, "message": "Das Datum\nist schwer zu finden.", "at": "2026-11-23T07:00:00+01:00"}
		]`, first.OK("feedback.nodes").Raw)
		require.True(t, first.OK("feedback.pageInfo.hasNextPage").Bool())
		second := w.clerk.Do(feedback, suite.Vars{"first": 2, "after": first.OK("feedback.pageInfo.endCursor").String()})
		require.JSONEq(t, `[{"about": "PAGE", "service": null, "step": null, "satisfaction": 5, "message": null, "at": "2026-11-23T07:00:00+01:00"}]`, second.OK("feedback.nodes").Raw)
		require.False(t, second.OK("feedback.pageInfo.hasNextPage").Bool())
		require.Equal(t, "INVALID_INPUT", w.clerk.Do(feedback, suite.Vars{"after": "x"}).ErrorCode())
		for _, c := range []*suite.Client{w.anonymous, w.holder, w.foreign} {
			require.Equal(t, "null", c.Do(feedback, nil).OK("feedback").Raw)
		}
		dump := suite.Dump(t, w.database, "feedback")
		require.NotContains(t, dump, w.caseID)
		require.NotContains(t, dump, "127.0.0.1")
	})
}

func TestFeedbackSaysSomething(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		before := w.count(t, "feedback")
		for name, c := range map[string]struct {
			change     []any
			code, path string
		}{
			"nothing":              {[]any{"satisfaction", nil}, "INVALID_INPUT", "input.satisfaction"},
			"blanks":               {[]any{"satisfaction", nil, "message", " \n"}, "INVALID_INPUT", "input.satisfaction"},
			"six":                  {[]any{"satisfaction", 6}, "INVALID_INPUT", "input.satisfaction"},
			"zero":                 {[]any{"satisfaction", 0}, "INVALID_INPUT", "input.satisfaction"},
			"a long message":       {[]any{"message", strings.Repeat("ä", 2001)}, "INVALID_INPUT", "input.message"},
			"a text that turns":    {[]any{"message", "\u202eabc"}, "INVALID_INPUT", "input.message"},
			"a long step":          {[]any{"step", strings.Repeat("x", 51)}, "INVALID_INPUT", "input.step"},
			"a town that isn't":    {[]any{"municipality", suite.Vars{"slug": "nirgends"}}, "NOT_FOUND", "input.municipality"},
			"a service that isn't": {[]any{"service", "service_01kaqd0000e8ar0000000000zz"}, "NOT_FOUND", "input.service"},
		} {
			t.Run(name, func(t *testing.T) {
				a := give(w.anonymous.For(t), c.change...)
				require.Equal(t, http.StatusOK, a.Status)
				require.Equal(t, c.code, a.Problem(), a.Raw)
				require.Equal(t, c.path, pathOf(a.Get("data.giveFeedback.problems.0.path")))
				require.Equal(t, "false", a.Get("data.giveFeedback.received").Raw)
			})
		}
		give(w.anonymous, "message", strings.Repeat("ä", 2000)).OK("giveFeedback")
		require.Equal(t, before+1, w.count(t, "feedback"))
	})
}

// A network gives so much in an hour; staff aren't counted.
func TestFeedbackOfANetworkIsLimited(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.OpeningsPerHour = 5 })
		for range 5 {
			give(w.anonymous).OK("giveFeedback")
		}
		a := give(w.holder)
		require.Equal(t, "RATE_LIMITED", a.Problem(), a.Raw)
		require.Positive(t, a.Get("data.giveFeedback.problems.0.retryAfterSeconds").Int())
		give(w.clerk).OK("giveFeedback")
	})
}

// Messages are deleted after twelve months; ratings stay.
func TestMessagesOfFeedbackAreForgotten(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		slug, rating := "blomberg", 4
		said := func(message string) {
			require.NoError(t, n.portal.GiveFeedback(t.Context(), portal.GiveFeedbackInput{
				IdempotencyKey: suite.Key(), Municipality: catalogue.MunicipalityKey{Slug: &slug}, About: "PAGE", Satisfaction: &rating, Message: &message,
			}))
		}
		said("Alt.")
		n.Clock.Set(n.Clock.Now().AddDate(0, 0, 1))
		said("Neu.")
		messages := func() string { return suite.Dump(t, n.database, "feedback") }

		n.Clock.Set(suite.Start().AddDate(0, 12, 0))
		require.NoError(t, n.portal.ForgetFeedback(t.Context()))
		require.Contains(t, messages(), "Alt.", "to the day")
		n.Clock.Set(suite.Start().AddDate(0, 12, 0).Add(time.Microsecond))
		require.NoError(t, n.portal.ForgetFeedback(t.Context()))
		require.NotContains(t, messages(), "Alt.")
		require.Contains(t, messages(), "Neu.")
		require.Equal(t, 2, n.count(t, `SELECT count(*) FROM feedback WHERE satisfaction = 4`))
	})
}
