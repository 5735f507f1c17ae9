package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
	"nelke/internal/portal"
	"nelke/internal/store"
)

const bankSecret = "a secret that only the bank and the town know"

// payersStub notes what is reported, and answers as a test says.
type payersStub struct {
	err   error
	page  string
	heard []payment.Transaction
	came  []string
}

func (h *payersStub) PaymentReported(ctx context.Context, t payment.Transaction) error {
	if _, bounded := ctx.Deadline(); !bounded {
		return errors.New("nothing ends this")
	}
	h.heard = append(h.heard, t)
	return h.err
}

func (h *payersStub) PaymentReturned(_ context.Context, id string) (string, error) {
	h.came = append(h.came, id)
	return h.page, h.err
}

// asked sends a request to the addresses of payments, behind the middleware that stands before all of them.
func asked(t *testing.T, h *payersStub, now time.Time, log *bytes.Buffer, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	cfg := Defaults()
	cfg.PaymentURL, cfg.PaymentSecret = "http://127.0.0.1:1", bankSecret
	logger := slog.New(withRequest{slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})})
	mux := http.NewServeMux()
	newPayments(cfg, "127.0.0.1:2", nil, nil, logger).handle(mux, h, func() time.Time { return now }, logger)
	w := httptest.NewRecorder()
	Middleware(logger)(mux).ServeHTTP(w, r)
	return w
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	const body = `{"id":"T-1","order":"payment_geheim","status":"PAID","cents":1250,"currency":"EUR","reference":"KZ-geheim"}`
	hook := func(t *testing.T, h *payersStub, body string, header http.Header) (*httptest.ResponseRecorder, string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, webhookPath, strings.NewReader(body))
		r.Header = header
		var log bytes.Buffer
		w := asked(t, h, now, &log, r)
		require.NotContains(t, log.String(), "KZ-geheim", "bodies aren't logged")
		return w, log.String()
	}
	signed := func(body string) http.Header { return gateway.KeysOf(bankSecret).Sign(now, []byte(body)) }

	t.Run("signed, it is heard", func(t *testing.T) {
		t.Parallel()
		h := &payersStub{}
		w, log := hook(t, h, body, signed(body))
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Empty(t, w.Body.String())
		require.Equal(t, []payment.Transaction{{ID: "T-1", Order: "payment_geheim", Status: payment.Paid, Cents: 1250, Currency: "EUR", Reference: "KZ-geheim"}}, h.heard)
		require.Contains(t, log, `"path":"/payments/webhook","status":204`)
	})
	t.Run("forged, late, early or without a signature it is 401, and nobody hears of it", func(t *testing.T) {
		t.Parallel()
		for name, header := range map[string]http.Header{
			"none":         {},
			"another key":  gateway.KeysOf(bankSecret+"!").Sign(now, []byte(body)),
			"another body": signed(body + " "),
			"late":         gateway.KeysOf(bankSecret).Sign(now.Add(-5*time.Minute-time.Second), []byte(body)),
			"early":        gateway.KeysOf(bankSecret).Sign(now.Add(5*time.Minute+time.Second), []byte(body)),
		} {
			h := &payersStub{}
			w, _ := hook(t, h, body, header)
			require.Equal(t, http.StatusUnauthorized, w.Code, name)
			require.Empty(t, h.heard, name)
		}
	})
	t.Run("signed nonsense is 400", func(t *testing.T) {
		t.Parallel()
		for _, nonsense := range []string{"", "null", "PAID", body[:50]} {
			h := &payersStub{}
			w, _ := hook(t, h, nonsense, signed(nonsense))
			require.Equal(t, http.StatusBadRequest, w.Code, nonsense)
			require.Empty(t, h.heard)
		}
	})
	t.Run("one that is too long is 413", func(t *testing.T) {
		t.Parallel()
		long := body + strings.Repeat(" ", 64<<10)
		h := &payersStub{}
		w, _ := hook(t, h, long, signed(long))
		require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		require.Empty(t, h.heard)
		fits := body + strings.Repeat(" ", 64<<10-len(body))
		w, _ = hook(t, h, fits, signed(fits))
		require.Equal(t, http.StatusNoContent, w.Code)
	})
	t.Run("what the portal answers becomes a status", func(t *testing.T) {
		t.Parallel()
		for err, want := range map[error]int{
			portal.ErrNoPayment:      http.StatusNotFound,
			store.ErrOutcomeUnknown:  http.StatusServiceUnavailable,
			context.DeadlineExceeded: http.StatusServiceUnavailable,
			errors.New("geheimnis"):  http.StatusInternalServerError,
		} {
			w, log := hook(t, &payersStub{err: fmt.Errorf("PaymentReported: %w", err)}, body, signed(body))
			require.Equal(t, want, w.Code, err)
			require.Equal(t, want == http.StatusServiceUnavailable, w.Header().Get("Retry-After") != "")
			require.NotContains(t, w.Body.String(), "geheim")
			require.Equal(t, want == http.StatusInternalServerError, strings.Contains(log, `"level":"ERROR"`))
		}
	})
	t.Run("by GET there is nothing", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, webhookPath, nil)
		require.Equal(t, http.StatusMethodNotAllowed, asked(t, &payersStub{}, now, &log, r).Code)
	})
}

func TestReturn(t *testing.T) {
	t.Parallel()
	back := func(t *testing.T, h *payersStub, path string, languages ...string) (*httptest.ResponseRecorder, string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header["Accept-Language"] = languages
		var log bytes.Buffer
		return asked(t, h, time.Now(), &log, r), log.String()
	}

	t.Run("the payer goes on to the page that was named, which learns which payment it was", func(t *testing.T) {
		t.Parallel()
		for page, want := range map[string]string{
			"https://town.example":                        "https://town.example?payment=payment_1",
			"https://town.example/done?step=5#end":        "https://town.example/done?step=5&payment=payment_1#end",
			"https://town.example/?payment=payment_0":     "https://town.example/?payment=payment_0&payment=payment_1",
			"http://127.0.0.1:8080/b%C3%BCro?q=%26+%2F":   "http://127.0.0.1:8080/b%C3%BCro?q=%26+%2F&payment=payment_1",
			"https://town.example/a?state=a;b&z=1&n=100%": "https://town.example/a?state=a;b&z=1&n=100%&payment=payment_1",
			"https://town.example/?flag&q=a%20b+c":        "https://town.example/?flag&q=a%20b+c&payment=payment_1",
			"https://town.example/?":                      "https://town.example/?payment=payment_1",
			"https://town.example/?a=1&":                  "https://town.example/?a=1&payment=payment_1",
			"https://town.example/#/antrag?step=2":        "https://town.example/?payment=payment_1#/antrag?step=2",
			"https://TOWN.example:443/x":                  "https://TOWN.example:443/x?payment=payment_1",
			"https://xn--brgerbro-z2ac.example/antrag/1":  "https://xn--brgerbro-z2ac.example/antrag/1?payment=payment_1",
		} {
			h := &payersStub{page: page}
			w, log := back(t, h, ReturnPath(bankSecret, "payment_1"))
			require.Equal(t, http.StatusSeeOther, w.Code)
			require.Equal(t, want, w.Header().Get("Location"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, []string{"payment_1"}, h.came)
			require.Contains(t, log, `"path":"/payments/return","status":303`)
			require.NotContains(t, log, "payment_1")
		}
	})
	t.Run("where no page was named, the window may be closed", func(t *testing.T) {
		t.Parallel()
		w, _ := back(t, &payersStub{}, ReturnPath(bankSecret, "payment_1"))
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), `<html lang="de">`)
		require.Contains(t, w.Body.String(), "Fenster jetzt schließen")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "style-src 'sha256-")
		w, _ = back(t, &payersStub{}, ReturnPath(bankSecret, "payment_1"), "en")
		require.Contains(t, w.Body.String(), "close this window")
	})
	t.Run("a payment that there isn't is a page too", func(t *testing.T) {
		t.Parallel()
		h := &payersStub{err: portal.ErrNoPayment}
		w, _ := back(t, h, ReturnPath(bankSecret, "a\x00b/\xff"))
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Contains(t, w.Body.String(), "Zahlung nicht gefunden")
		require.Equal(t, []string{"a\x00b/\xff"}, h.came)
		w, _ = back(t, h, returnPath+"/")
		require.Equal(t, http.StatusNotFound, w.Code)
	})
	t.Run("without its token nobody learns anything of a payment", func(t *testing.T) {
		t.Parallel()
		none, _ := back(t, &payersStub{}, ReturnPath(bankSecret, "payment_1"))
		token := returnToken(bankSecret, "payment_1")
		for _, path := range []string{"/payment_1", "/payment_2", "/payment_1/" + token + "x", "/payment_1/x", "/payment_2/" + token, "/payment_1/" + returnToken("another", "payment_1")} {
			h := &payersStub{page: "https://town.example", err: portal.ErrNoPayment}
			w, _ := back(t, h, returnPath+path)
			require.Equal(t, http.StatusOK, w.Code, path)
			require.Equal(t, none.Body.String(), w.Body.String(), path)
			require.Empty(t, h.came, path)
		}
	})
	t.Run("while the database is away, the page says to come again", func(t *testing.T) {
		t.Parallel()
		w, _ := back(t, &payersStub{err: store.ErrOutcomeUnknown}, ReturnPath(bankSecret, "payment_1"), "en")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), "load this page again")
		w, log := back(t, &payersStub{err: errors.New("geheim")}, ReturnPath(bankSecret, "payment_1"))
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.NotContains(t, w.Body.String(), "geheim")
		require.Contains(t, log, "geheim")
	})
}

func TestWhoTakesPayments(t *testing.T) {
	t.Parallel()
	serves := func(cfg Config) map[string]bool {
		mux := http.NewServeMux()
		p := newPayments(cfg, "0.0.0.0:4711", nil, nil, slog.New(slog.DiscardHandler))
		p.handle(mux, &payersStub{}, time.Now, slog.New(slog.DiscardHandler))
		found := map[string]bool{p.state: true}
		for path, method := range map[string]string{webhookPath: http.MethodPost, returnPath + "/x": http.MethodGet, sandboxPath + "/pay/x": http.MethodGet} {
			_, pattern := mux.Handler(httptest.NewRequestWithContext(t.Context(), method, path, nil))
			found[path] = pattern != ""
		}
		return found
	}
	bare, demo, elsewhere := Defaults(), Defaults(), Defaults()
	demo.Demo = true
	elsewhere.PaymentURL, elsewhere.PaymentSecret, elsewhere.Demo = "https://pay.example", bankSecret, true
	require.Equal(t, map[string]bool{"off": true, webhookPath: false, returnPath + "/x": true, sandboxPath + "/pay/x": false}, serves(bare))
	require.Equal(t, map[string]bool{"sandbox": true, webhookPath: true, returnPath + "/x": true, sandboxPath + "/pay/x": true}, serves(demo))
	require.Equal(t, map[string]bool{"on": true, webhookPath: true, returnPath + "/x": true, sandboxPath + "/pay/x": false}, serves(elsewhere))
}
