package portal_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// as is a client whose requests come from a browser of that name.
func as(c *suite.Client, agent string) *suite.Client {
	other := *c
	other.HTTP = &http.Client{Transport: browser(agent)}
	return &other
}

type browser string

func (b browser) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// view counts a view of a page; service may be nil.
func view(c *suite.Client, page string, service any) *suite.Answer {
	return c.Do(`mutation($in: CountVisitInput!) { countVisit(input: $in) { counted`+problems+` } }`, suite.Vars{"in": suite.Vars{
		"municipality": suite.Vars{"slug": "blomberg"}, "page": page, "service": service,
	}})
}

const quality = `query($from: Date!, $to: Date!) { serviceQuality(municipality: {slug: "blomberg"}, from: $from, to: $to) {
	month service { slug } visits pageViews pages { page views } begun submitted abandoned { step count } refused booked meanProcessingDays
	satisfaction { count mean ratings { rating count } } suppressed } }`

// figuresOf returns the figures of Blomberg in November: of the town, and of a service.
func (w *world) figuresOf(slug string) (town, service gjson.Result) {
	w.Test().Helper()
	all := w.anonymous.Do(quality, suite.Vars{"from": "2026-11-30", "to": "2026-11-30"}).OK("serviceQuality").Array()
	require.Len(w.Test(), all, 31)
	for _, q := range all {
		if q.Get("service.slug").String() == slug {
			service = q
		}
	}
	return all[0], service
}

// written waits until views of the town are in the database.
func (w *world) written(t *testing.T, views int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, w.database.QueryRow(`SELECT coalesce(sum(views), 0) FROM visit_counts WHERE page = 'ALL' AND service_id = ''`).Scan(&n))
		return n == views
	}, 10*time.Second, 10*time.Millisecond)
}

func often(c *server.Config) { c.Options.VisitsEvery = 10 * time.Millisecond }

// Views and visits are counted without knowing who looks, and figures below five are left out.
func TestVisitsAreCountedWithoutKnowingWho(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, often)
		service := w.service("meldebescheinigung")
		for i := range 6 {
			c := as(w.anonymous, fmt.Sprintf("Browser %d", i))
			for range 2 {
				require.True(t, view(c, "START", nil).OK("countVisit.counted").Bool())
			}
			view(c, "SERVICE", service).OK("countVisit")
			if i < 2 {
				view(c, "APPLY", service).OK("countVisit")
			}
		}
		require.False(t, view(w.clerk, "SERVICE", service).OK("countVisit.counted").Bool(), "what staff look at isn't counted")
		require.Equal(t, "NOT_FOUND", view(w.anonymous, "SERVICE", "service_01kaqd0000e8ar0000000000zz").Problem())
		w.written(t, 20)

		town, of := w.figuresOf("meldebescheinigung")
		require.JSONEq(t, `[{"page": "START", "views": 12}, {"page": "SERVICE", "views": null}, {"page": "APPLY", "views": null},
			{"page": "BOOK", "views": null}, {"page": "CASE", "views": null}, {"page": "OTHER", "views": null}]`, town.Get("pages").Raw,
			"the six would give the two away")
		require.Equal(t, []string{"6", "20", "6", "8"}, []string{town.Get("visits").Raw, town.Get("pageViews").Raw, of.Get("visits").Raw, of.Get("pageViews").Raw})
		require.Equal(t, "true", of.Get("suppressed").Raw)
		_, other := w.figuresOf("reisepass")
		require.Equal(t, gjson.Null, other.Get("visits").Type)
		for _, table := range []string{"visit_counts", "events", "idempotencies"} {
			require.NotContains(t, suite.Dump(t, w.database, table), "Browser")
		}
	})
}

// Applications, their steps and how long they take come from the applications themselves.
func TestQualityOfApplicationsIsWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, often, func(c *server.Config) { c.Unlimited() })
		free := w.Filing("abmeldung-ins-ausland")
		var sent []string
		for range 5 {
			c := w.Case()
			sent = append(sent, c.Submitted(free).Get("id").String())
			id := c.Draft(free)
			for _, answers := range []any{suite.Vars{"nonsense": 1}, suite.Vars{"nonsense": 2}} {
				require.Equal(t, "ANSWERS_INVALID", c.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": answers}).Problem())
			}
			c.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		}
		for _, rating := range []int{5, 5, 5, 5, 5, 2} {
			give(w.anonymous, "satisfaction", rating, "service", free.Service, "about", "APPLICATION").OK("giveFeedback")
		}
		w.Clock.Set(suite.Start().AddDate(0, 0, 3))
		clerk := w.Clerk()
		for _, id := range sent {
			clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
			clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{}}).OK("completeApplication.application.id")
		}
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t, w.database.QueryRow(`SELECT coalesce(sum(views), 0) FROM visit_counts WHERE page = 'REFUSED' AND service_id <> ''`).Scan(&n))
			return n == 10
		}, 10*time.Second, 10*time.Millisecond)

		town, of := w.figuresOf(free.Slug)
		for _, q := range []gjson.Result{town, of} {
			require.Equal(t, []string{"10", "5", "10", "3"}, []string{q.Get("begun").Raw, q.Get("submitted").Raw, q.Get("refused").Raw, q.Get("meanProcessingDays").Raw})
			require.JSONEq(t, `[{"step": "INFORMATION", "count": null}, {"step": "PRIVACY", "count": null}, {"step": "ANSWERS", "count": 5},
				{"step": "REVIEW", "count": null}, {"step": "SENDING", "count": null}]`, q.Get("abandoned").Raw)
			require.JSONEq(t, `{"count": 6, "mean": 4.5, "ratings": [{"rating": 1, "count": null}, {"rating": 2, "count": null}, {"rating": 3, "count": null},
				{"rating": 4, "count": null}, {"rating": 5, "count": null}]}`, q.Get("satisfaction").Raw, "the five would give the one away")
		}
	})
}

func TestQualityIsAskedForByMonths(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		require.Len(t, w.anonymous.Do(quality, suite.Vars{"from": "2026-01-31", "to": "2026-03-01"}).OK("serviceQuality").Array(), 3*31)
		for name, c := range map[string]struct{ from, to, path string }{
			"reversed": {"2026-12-01", "2026-11-30", "to"}, "25 months": {"2024-11-30", "2026-11-01", "to"},
		} {
			t.Run(name, func(t *testing.T) {
				failed(t, w.anonymous.For(t).Do(quality, suite.Vars{"from": c.from, "to": c.to}), "INVALID_INPUT", c.path)
			})
		}
		require.Equal(t, gjson.Null, w.anonymous.Do(`{ serviceQuality(municipality: {slug: "nirgends"}, from: "2026-11-01", to: "2026-11-30") { month } }`, nil).OK("serviceQuality").Type)
	})
}

// The same figures as a file for everybody, which may be kept for a while.
func TestQualityIsAnOpenCSV(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, often)
		for i := range 5 {
			view(as(w.anonymous, fmt.Sprint(i)), "START", nil).OK("countVisit")
		}
		w.written(t, 5)
		get := func(path, tag string) (*http.Response, [][]string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+path, nil)
			require.NoError(t, err)
			if tag != "" {
				r.Header.Set("If-None-Match", tag)
			}
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer response.Body.Close()
			rows, _ := csv.NewReader(response.Body).ReadAll() // of an error there are none
			return response, rows
		}
		response, rows := get("/quality/blomberg.csv?from=2026-11-01&to=2026-11-30", "")
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, []string{"text/csv; charset=utf-8; header=present", "public, max-age=900"}, []string{response.Header.Get("Content-Type"), response.Header.Get("Cache-Control")})
		require.Len(t, rows, 32)
		row := map[string]string{}
		for i, name := range rows[0] {
			row[name] = rows[1][i]
		}
		require.Equal(t, map[string]string{"month": "2026-11", "visits": "5", "page_views": "5", "page_views_start": "5"}, filled(row, "suppressed"))
		for _, row := range rows {
			for _, cell := range row {
				require.False(t, strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@"), cell)
			}
		}
		again, _ := get("/quality/blomberg.csv?from=2026-11-01&to=2026-11-30", response.Header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.StatusCode)
		_, year := get("/quality/blomberg.csv", "")
		require.Len(t, year, 1+12*31, "the last twelve months")
		require.Equal(t, []string{"2025-12", "2026-11"}, []string{year[1][0], year[len(year)-1][0]})
		for path, status := range map[string]int{
			"/quality/nirgends.csv": http.StatusNotFound, "/quality/blomberg.xml": http.StatusNotFound, "/quality/blomberg.csv?from=x": http.StatusBadRequest,
			"/quality/blomberg.csv?from=2026-11-01&to=2026-10-01": http.StatusBadRequest, "/quality/blomberg.csv?from=2020-01-01": http.StatusBadRequest,
		} {
			refusal, _ := get(path, "")
			require.Equal(t, status, refusal.StatusCode, path)
		}
	})
}

// filled are the cells that say something, without those named.
func filled(row map[string]string, without ...string) map[string]string {
	said := map[string]string{}
	for name, text := range row {
		if text != "" {
			said[name] = text
		}
	}
	for _, name := range without {
		delete(said, name)
	}
	return said
}
