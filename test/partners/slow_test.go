package partners_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func TestAReceiverThatNeverAnswersIsTriedAgain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.Options.Webhooks.Timeout = 300 * time.Millisecond })
		w.endpoint()
		w.to.answers(func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		w.change(0)
		d := w.until("PENDING", 1)
		require.Equal(t, "Es kam keine Antwort in der Zeit.", d.Get("lastError").String())
		require.Equal(t, gjson.Null, d.Get("lastHttpStatus").Type)
		w.to.answers(nil)
		w.Clock.Advance(time.Minute)
		w.tend()
		require.Equal(t, d.Get("id").String(), w.until("DELIVERED", 2).Get("id").String())
		require.Equal(t, w.to.calls()[0].body, w.to.calls()[1].body)
	})
}

func TestSlowReceiversHoldNobodyUp(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.Options.Webhooks.Timeout = time.Hour })
		fast := w.with("blomberg", "Portal Schnell")
		fast.endpoint()
		release, over := make(chan struct{}), atomic.Int32{}
		t.Cleanup(func() { close(release) }) // before the receiver is closed, which waits for its calls
		w.to.answers(func(_ int, _ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			over.Add(1)
		})
		for range 10 { // as many as a partner may have
			w.endpoint()
		}
		for n := range 3 {
			w.change(n)
			fast.to.waits(t, n+1)
		}
		w.to.waits(t, 10)
		w.change(3)
		fast.to.waits(t, 4)
		require.Zero(t, over.Load(), "all of the slow ones are still under way")
		require.Len(t, w.to.calls(), 10, "and each of them is called once at a time")
	})
}

func TestASuspendedPartnerIsToldWhenItIsActiveAgain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		me, _ := w.key()
		w.endpoint()
		beside := w.with("blomberg", "Portal Nebenan")
		beside.endpoint()
		w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "status": "SUSPENDED"}, "partner { status }")
		require.Equal(t, http.StatusUnauthorized, me.Do(`{ viewer { kind } }`, nil).Status)
		var changed []string
		for n := range 3 {
			changed = append(changed, w.change(n))
			beside.to.waits(t, n+1)
		}
		w.tend()
		w.quiet()
		require.Empty(t, w.to.calls())

		w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "status": "ACTIVE"}, "partner { status }")
		require.Equal(t, "PARTNER", me.Do(`{ viewer { kind } }`, nil).OK("viewer.kind").String())
		told := gjson.GetBytes(w.to.waits(t, 1)[0].body, "changes.#.id").Array()
		require.Equal(t, fmt.Sprint(changed), fmt.Sprint(told))
		w.quiet()
		require.Len(t, w.to.calls(), 1)
		require.Len(t, beside.to.calls(), 3)
	})
}

func TestATransactionThatIsOpenOverOthersIsToldAfterThem(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		if b.Redis == nil {
			return // SQLite has one writer at a time
		}
		w := newWorld(t, b)
		w.endpoint()
		const ars = "057660040040"
		town := suite.NewTown(t).Renamed("lage", ars, "05766040")
		town.Import(w.Config)
		w.Clock.Advance(11 * time.Second)
		both := *w
		both.admin = w.Staff("anna", "ADMIN@"+suite.ARS, "ADMIN@"+ars)
		lage := both.with("lage", "Portal Lage")
		lage.endpoint()

		// An import hangs before its end: somebody holds a row of it.
		db := suite.OpenWriter(t, w.Config)
		block, err := db.Begin()
		require.NoError(t, err)
		_, err = block.Exec(`UPDATE offices SET revision = revision WHERE municipality_id = (SELECT id FROM municipalities WHERE slug = 'lage')`)
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := server.Import(t.Context(), w.Config, []string{town.Edit("", "graceMinutes: 1440", "graceMinutes: 1500").File})
			done <- err
		}()
		require.Eventually(t, func() bool {
			var waiting int
			require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&waiting))
			return waiting > 0
		}, 20*time.Second, 20*time.Millisecond)

		told := map[string]bool{}
		for n := range 10 {
			w.change(n)
		}
		require.Eventually(t, func() bool {
			for _, c := range w.to.calls() {
				for _, id := range gjson.GetBytes(c.body, "changes.#.id").Array() {
					told[id.String()] = true
				}
			}
			return len(told) == 10
		}, 40*time.Second, 20*time.Millisecond, "nobody waits for the open one")
		require.Empty(t, lage.to.calls())
		before := gjson.GetBytes(w.to.calls()[len(w.to.calls())-1].body, "cursor").String()

		require.NoError(t, block.Rollback())
		require.NoError(t, <-done)
		body := gjson.ParseBytes(lage.to.waits(t, 1)[0].body)
		require.Equal(t, w.town("lage"), body.Get("changes.0.id").String())
		w.Clock.Advance(11 * time.Second) // until what is remembered of the feed is forgotten
		after := w.Anonymous().Do(`query($s: String) { changes(since: $s) { changes { id } } }`, suite.Vars{"s": before}).OK("changes.changes.#.id").Array()
		require.Equal(t, fmt.Sprint(body.Get("changes.#.id").Array()), fmt.Sprint(after), "whoever polls finds it after the cursor that others were given")
	})
}
