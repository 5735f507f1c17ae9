package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment/sandbox"
	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
)

// browser is a payer's, which is asked at each step where it is sent.
type browser struct{ client *http.Client }

func newBrowser(t *testing.T) browser {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return browser{&http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b browser) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	got, err := b.client.Do(r)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return answer{got.StatusCode, got.Header, string(text)}
}

func (b browser) get(t *testing.T, url string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return b.do(t, r)
}

// choose presses a button of the page to pay on.
func (b browser) choose(t *testing.T, page, choice string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page, strings.NewReader("choice="+choice))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(t, r)
}

// to is where an answer sends a browser.
func (a answer) to(t *testing.T) string {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	return a.header.Get("Location")
}

// pageOf is where a payment is paid. On a machine that is too busy for an answer in time, a job orders it after a minute.
func pageOf(t *testing.T, p *suite.Process, me *suite.Client, id string) (page string) {
	t.Helper()
	there := func() bool { page = me.Payment(id).Get("redirectUrl").String(); return page != "" }
	if !there() {
		p.Clock.Advance(time.Minute)
		require.Eventually(t, there, patience, 10*time.Millisecond)
	}
	return page
}

// TestPayingAtTheSandbox is the way of a payer through the demo: to the page, back, and on.
func TestPayingAtTheSandbox(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(cfg *server.Config) { cfg.Origins = []string{"https://town.example"} })
	web := newBrowser(t)
	require.Contains(t, web.get(t, p.URL+"/readyz").body, `"payments":"sandbox"`)

	filing, me := p.Filing("meldebescheinigung"), p.Case()
	for choice, want := range map[string]string{"failure": "FAILED", "cancel": "CANCELED", "success": "PAID"} {
		application := me.Reviewed(filing, filing.Accepted[0])
		paying := me.Mutate("startPayment", suite.Vars{"application": application, "method": "CREDIT_CARD", "returnUrl": "https://town.example/done"}).OK("startPayment.payment")
		id := paying.Get("id").String()
		page := strings.Replace(pageOf(t, p, me, id), "http://nelke.test", p.URL, 1)
		require.True(t, strings.HasPrefix(page, p.URL+"/sandbox/pay/"), page)
		shown := web.get(t, page)
		require.Equal(t, http.StatusOK, shown.status)
		require.Contains(t, shown.header.Get("Content-Security-Policy"), "form-action 'self'", "stricter, and nothing could be chosen")
		cents := paying.Get("amount.cents").Int()
		require.Contains(t, shown.body, fmt.Sprintf("%d,%02d", cents/100, cents%100))

		back := server.ReturnPath(p.Config.PaymentSecret, id)
		require.Equal(t, "http://nelke.test"+back, web.choose(t, page, choice).to(t))
		require.Equal(t, "https://town.example/done?payment="+id, web.get(t, p.URL+back).to(t))
		require.Eventually(t, func() bool { return me.Payment(id).Get("status").String() == want }, patience, 10*time.Millisecond)
	}
}

// TestWebhookAloneSettles has a payer who never comes back, and a provider elsewhere, whose first answer is lost: the order
// is repeated, and is the same transaction.
func TestWebhookAloneSettles(t *testing.T) {
	t.Parallel()
	const secret = "a secret that only the bank and the town know"
	mux := http.NewServeMux()
	bank := httptest.NewServer(mux)
	t.Cleanup(bank.Close)
	p := suite.Serve(t, suite.SQLite(), func(cfg *server.Config) {
		cfg.PaymentURL, cfg.PaymentSecret, cfg.PublicURL = bank.URL, secret, ""
	})
	db, err := store.Open(t.Context(), store.Config{DataDir: t.TempDir(), Clock: p.Clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	provider := sandbox.New(sandbox.Options{Store: db, Secret: secret, URL: bank.URL, HTTP: &http.Client{Transport: &http.Transport{}}})
	var once sync.Once
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			provider.API().ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
		provider.API().ServeHTTP(w, r)
	})
	mux.Handle("/pay/", provider.Page())
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { provider.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })

	web := newBrowser(t)
	require.Contains(t, web.get(t, p.URL+"/readyz").body, `"payments":"on"`)
	filing, me := p.Filing("meldebescheinigung"), p.Case()
	application := me.Reviewed(filing, filing.Accepted[0])
	paying := me.Mutate("startPayment", suite.Vars{"application": application, "method": "CREDIT_CARD", "returnUrl": p.URL + "/done"}).OK("startPayment.payment")
	require.Equal(t, "CREATED", paying.Get("status").String())
	page := pageOf(t, p, me, paying.Get("id").String())
	require.True(t, strings.HasPrefix(page, bank.URL+"/pay/sandbox_"), page)
	transactions := 0
	require.NoError(t, db.ReadDB().QueryRowContext(t.Context(), `SELECT count(*) FROM sandbox_transactions`).Scan(&transactions))
	require.Equal(t, 1, transactions)
	require.Equal(t, p.URL+server.ReturnPath(secret, paying.Get("id").String()), web.choose(t, page, "success").to(t))
	require.Eventually(t, func() bool { return me.Payment(paying.Get("id").String()).Get("status").String() == "PAID" }, patience, 10*time.Millisecond)
	me.Mutate("submitApplication", suite.Vars{"application": application}).OK("submitApplication.application.id")
}

// TestWithoutAProviderNothingIsPaid is a service that isn't the demo.
func TestWithoutAProviderNothingIsPaid(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *server.Config) { cfg.Demo = false })
	require.Contains(t, s.do(http.MethodGet, "/readyz", "").body, `"payments":"off"`)
	require.Contains(t, s.do(http.MethodGet, "/readyz", "").body, `"webhooks":"off"`)
	require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, "/payments/webhook", "{}").status)
	require.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/sandbox/pay/x", "").status)
	lost := s.do(http.MethodGet, "/payments/return/payment_x", "")
	require.Equal(t, http.StatusOK, lost.status, "as for one that there is")
}
