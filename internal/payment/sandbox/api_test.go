package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
)

func newText(s string) io.Reader { return strings.NewReader(s) }

// read keeps a body to be read after its connection is given back.
func read(body io.ReadCloser) io.ReadCloser {
	text, err := io.ReadAll(body)
	_ = body.Close()
	if err != nil {
		text = []byte("not read: " + err.Error())
	}
	return io.NopCloser(strings.NewReader(string(text)))
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	all, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(all)
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, db := range databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			b := setup(t, db)

			t.Run("the same order is the same transaction, whoever of us repeats it", func(t *testing.T) {
				first := b.order("payment_a")
				require.Equal(t, payment.Transaction{
					ID: first.ID, Order: "payment_a", Status: payment.Open, Cents: 1250, Currency: "EUR", URL: b.url + "/pay/" + first.ID,
				}, first)
				require.Equal(t, first, b.order("payment_a"))
				elsewhere := gateway.NewClient(gateway.Options{URL: b.url + "/", Secret: secret, NotifyURL: "http://127.0.0.1:1/hook", HTTP: b.web})
				o := example("payment_a")
				o.ReturnURL = "https://other.example/back"
				again, err := elsewhere.Create(t.Context(), o)
				require.NoError(t, err)
				require.Equal(t, first, again)
			})

			t.Run("twenty of it at once are one", func(t *testing.T) {
				var mu sync.Mutex
				ids := map[string]int{}
				race(20, func(int) {
					got, err := b.client.Create(t.Context(), example("payment_race"))
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					ids[got.ID]++
				})
				require.Len(t, ids, 1)
			})

			t.Run("other contents under the same id are refused, and change nothing", func(t *testing.T) {
				first := b.order("payment_b")
				for _, change := range []func(*payment.Order){
					func(o *payment.Order) { o.Cents++ },
					func(o *payment.Order) { o.Method = "WERO" },
					func(o *payment.Order) { o.Purpose = "Sterbeurkunde" },
				} {
					o := example("payment_b")
					change(&o)
					_, err := b.client.Create(t.Context(), o)
					require.ErrorIs(t, err, payment.ErrRefused)
				}
				require.Equal(t, first, b.said(first.ID))
			})

			t.Run("what isn't a payable order is refused", func(t *testing.T) {
				for name, change := range map[string]func(*payment.Order){
					"no id":            func(o *payment.Order) { o.ID = "" },
					"odd id":           func(o *payment.Order) { o.ID = "payment c" },
					"nothing":          func(o *payment.Order) { o.Cents = 0 },
					"less":             func(o *payment.Order) { o.Cents = -1 },
					"too much":         func(o *payment.Order) { o.Cents = maxCents + 1 },
					"pounds":           func(o *payment.Order) { o.Currency = "GBP" },
					"unknown method":   func(o *payment.Order) { o.Method = "CASH" },
					"no purpose":       func(o *payment.Order) { o.Purpose = "" },
					"umlaut":           func(o *payment.Order) { o.Purpose = "Gebühr" },
					"long purpose":     func(o *payment.Order) { o.Purpose = strings.Repeat("x", 28) },
					"script to return": func(o *payment.Order) { o.ReturnURL = "javascript:alert(1)" },
					"nowhere":          func(o *payment.Order) { o.ReturnURL = "" },
					"nul":              func(o *payment.Order) { o.ReturnURL = "https://a.example/\x00" },
				} {
					o := example("payment_c")
					change(&o)
					_, err := b.client.Create(t.Context(), o)
					require.ErrorIs(t, err, payment.ErrRefused, name)
				}
				most := example("payment_most")
				most.Cents, most.Purpose = maxCents, strings.Repeat("x", 27)
				_, err := b.client.Create(t.Context(), most)
				require.NoError(t, err)
			})
		})
	}
}

func TestTransaction(t *testing.T) {
	t.Parallel()
	for _, db := range databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			b := setup(t, db)

			t.Run("canceled while open, it has ended; again, it says so", func(t *testing.T) {
				open := b.order("payment_a")
				for range 2 {
					got, err := b.client.Cancel(t.Context(), open.ID)
					require.NoError(t, err)
					require.Equal(t, payment.Canceled, got.Status)
					require.Empty(t, got.URL)
				}
			})

			t.Run("canceled after it was paid, it says PAID", func(t *testing.T) {
				paid := b.paid("payment_b")
				got, err := b.client.Cancel(t.Context(), paid.ID)
				require.NoError(t, err)
				require.Equal(t, payment.Paid, got.Status)
				require.Regexp(t, `^SBX-\w{10}$`, got.Reference)
				require.Equal(t, got, b.said(paid.ID))
			})

			t.Run("twenty refunds at once are one", func(t *testing.T) {
				stop := b.run(b.service)
				paid := b.paid("payment_c")
				reference := b.said(paid.ID).Reference
				race(20, func(int) {
					got, err := b.client.Refund(t.Context(), paid.ID)
					if err != nil || got.Status != payment.Refunded || got.Cents != 1250 || got.Reference != reference {
						t.Errorf("%+v, %v", got, err)
					}
				})
				require.Eventually(t, func() bool { return b.unsent() == 0 }, patience, 10*time.Millisecond)
				stop()
				refunded := b.said(paid.ID)
				b.receiver.mu.Lock()
				defer b.receiver.mu.Unlock()
				require.Equal(t, 1, b.receiver.seen[refunded])
			})

			t.Run("what wasn't paid isn't refunded", func(t *testing.T) {
				open := b.order("payment_d")
				_, err := b.client.Refund(t.Context(), open.ID)
				require.ErrorIs(t, err, payment.ErrNoRefund)
				require.Equal(t, open, b.said(open.ID))
				_, err = b.client.Cancel(t.Context(), open.ID)
				require.NoError(t, err)
				_, err = b.client.Refund(t.Context(), open.ID)
				require.ErrorIs(t, err, payment.ErrNoRefund)
			})

			t.Run("one that nobody ordered is unknown", func(t *testing.T) {
				for _, id := range []string{idPrefix + strings.Repeat("a", 26), "", "..", "../" + idPrefix, "\x00", "\xff", "a b", strings.Repeat("x", 5000)} {
					for _, call := range []func() (payment.Transaction, error){
						func() (payment.Transaction, error) { return b.client.Get(t.Context(), id) },
						func() (payment.Transaction, error) { return b.client.Cancel(t.Context(), id) },
						func() (payment.Transaction, error) { return b.client.Refund(t.Context(), id) },
					} {
						_, err := call()
						require.Error(t, err, "%q", id)
						if id != "" && id != ".." { // as paths they lead elsewhere
							require.ErrorIs(t, err, payment.ErrUnknown, "%q", id)
						}
					}
				}
			})
		})
	}
}

func TestTransactionsFollowTheModel(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		id := "payment_" + strings.Repeat("m", run%40) + strings.Repeat("n", run/40)
		open := b.order(id)
		want := payment.Open
		for _, step := range rapid.SliceOfN(rapid.SampledFrom([]string{"success", "failure", "cancel", "API cancel", "API refund", "again"}), 1, 6).Draw(rt, "steps") {
			switch step {
			case "again":
				_, err := b.client.Create(t.Context(), example(id))
				require.NoError(rt, err)
			case "API cancel":
				_, err := b.client.Cancel(t.Context(), open.ID)
				require.NoError(rt, err)
				if want == payment.Open {
					want = payment.Canceled
				}
			case "API refund":
				_, err := b.client.Refund(t.Context(), open.ID)
				refundable := want == payment.Paid || want == payment.Refunded
				require.Equal(rt, refundable, err == nil)
				if refundable {
					want = payment.Refunded
				}
			default:
				to := map[string]payment.Status{"success": payment.Paid, "failure": payment.Failed, "cancel": payment.Canceled}[step]
				status := b.choose(open, step).StatusCode
				if want == payment.Open {
					want = to
				}
				require.Equal(rt, map[bool]int{true: http.StatusSeeOther, false: http.StatusConflict}[want == to], status)
			}
			require.Equal(rt, want, b.said(open.ID).Status)
		}
	})
}

func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	key := "Bearer " + gateway.KeysOf(secret).API
	good := string(gateway.Encode(gateway.Order{
		ID: "payment_a", Cents: 1250, Currency: "EUR", Method: "WERO", Purpose: "Urkunde", ReturnURL: "https://a.example", NotifyURL: "https://b.example",
	}))
	problem := func(r *http.Response) (code string) {
		t.Helper()
		require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
		var p struct {
			Title, Code string
			Status      int
		}
		require.NoError(t, json.Unmarshal([]byte(text(t, r)), &p))
		require.Equal(t, r.StatusCode, p.Status)
		require.NotEmpty(t, p.Title)
		return p.Code
	}

	for _, wrong := range []string{"", "Bearer", "Bearer x", key + "x", strings.ToLower(key), "Bearer " + secret, "Basic " + gateway.KeysOf(secret).API, "Bearer " + gateway.KeysOf(secret+"x").API} {
		got := b.send(http.MethodPost, b.url+"/transactions", good, "Content-Type", "application/json", "Authorization", wrong)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode, wrong)
		require.Equal(t, "UNAUTHENTICATED", problem(got))
		require.NotEmpty(t, got.Header.Get("WWW-Authenticate"))
	}
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		``:                                       {400, "NOT_AN_ORDER"},
		`null`:                                   {422, "INVALID"},
		`[]`:                                     {400, "NOT_AN_ORDER"},
		good[:20]:                                {400, "NOT_AN_ORDER"},
		good + good:                              {400, "NOT_AN_ORDER"},
		good[:len(good)-1] + `,"paid":true}`:     {400, "NOT_AN_ORDER"},
		strings.Replace(good, "1250", "12.5", 1): {400, "NOT_AN_ORDER"},
		strings.Replace(good, "1250", `"1250"`, 1):      {400, "NOT_AN_ORDER"},
		strings.Replace(good, "1250", "1e400", 1):       {400, "NOT_AN_ORDER"},
		strings.Replace(good, "Urkunde", "\xff", 1):     {400, "NOT_AN_ORDER"},
		strings.Replace(good, "Urkunde", "\\u0000", 1):  {422, "INVALID"},
		good + strings.Repeat(" ", payment.ReportLimit): {413, "TOO_LONG"},
	} {
		got := b.send(http.MethodPost, b.url+"/transactions", body, "Content-Type", "application/json", "Authorization", key)
		require.Equal(t, want.status, got.StatusCode, "%.60q", body)
		require.Equal(t, want.code, problem(got), "%.60q", body)
	}
	got := b.send(http.MethodPost, b.url+"/transactions", good, "Content-Type", "text/plain", "Authorization", key)
	require.Equal(t, http.StatusUnsupportedMediaType, got.StatusCode)
	require.Equal(t, "NOT_JSON", problem(got))
	require.Equal(t, "UNKNOWN", problem(b.send(http.MethodDelete, b.url+"/transactions", "", "Authorization", key)))
	require.Equal(t, "UNKNOWN", problem(b.send(http.MethodGet, b.url+"/", "", "Authorization", key)))
	require.Equal(t, http.StatusCreated, b.send(http.MethodPost, b.url+"/transactions", good, "Content-Type", "application/json; charset=utf-8", "Authorization", key).StatusCode)
	require.Equal(t, http.StatusOK, b.send(http.MethodPost, b.url+"/transactions", good, "Content-Type", "application/json", "Authorization", key).StatusCode)
}

func TestAPISaysUnavailableWhileItsDatabaseIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	open := b.order("payment_a")
	require.NoError(t, b.service.store.Close())
	_, err := b.client.Get(t.Context(), open.ID)
	require.Error(t, err)
	require.NotErrorIs(t, err, payment.ErrUnknown)
	page := b.send(http.MethodGet, open.URL, "")
	require.GreaterOrEqual(t, page.StatusCode, 500)
	require.Contains(t, text(t, page), "Gerade nicht erreichbar")
}
