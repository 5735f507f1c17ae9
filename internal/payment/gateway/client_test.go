package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"nelke/internal/payment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a secret of more than 32 characters"

func example(id string) payment.Order {
	return payment.Order{
		ID: id, Cents: 1250, Currency: "EUR", Method: "CREDIT_CARD", Purpose: "Meldebescheinigung AB12CD",
		ReturnURL: "https://nelke.example/payments/return/" + id,
	}
}

const goodAnswer = `{"id":"sandbox_x","order":"payment_a","status":"OPEN","cents":1250,"currency":"EUR","url":"https://pay.example/x"}`

// against is a client of a provider that answers by a handler, with the four calls.
func against(t *testing.T, answer http.HandlerFunc) map[string]func(context.Context) (payment.Transaction, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := NewClient(Options{URL: server.URL, Secret: secret, NotifyURL: "https://nelke.example/hook", HTTP: &http.Client{Transport: transport}})
	return map[string]func(context.Context) (payment.Transaction, error){
		"Create": func(ctx context.Context) (payment.Transaction, error) { return c.Create(ctx, example("payment_a")) },
		"Get":    func(ctx context.Context) (payment.Transaction, error) { return c.Get(ctx, "sandbox_x") },
		"Cancel": func(ctx context.Context) (payment.Transaction, error) { return c.Cancel(ctx, "sandbox_x") },
		"Refund": func(ctx context.Context) (payment.Transaction, error) { return c.Refund(ctx, "sandbox_x") },
	}
}

// requireUnknownOutcome asserts that the error promises nothing about what happened.
func requireUnknownOutcome(t *testing.T, err error, about ...any) {
	t.Helper()
	require.Error(t, err, about...)
	for _, certain := range []error{payment.ErrRefused, payment.ErrUnknown, payment.ErrNoRefund} {
		require.NotErrorIs(t, err, certain, about...)
	}
}

func TestClientTakesNonsenseForAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"HTML":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Wartung</html>") },
		"nothing":    func(http.ResponseWriter, *http.Request) {},
		"null":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") },
		"a list":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "["+goodAnswer+"]") },
		"half of it": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, goodAnswer[:40]) },
		"two of it":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, goodAnswer+goodAnswer) },
		"cents as a text": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(goodAnswer, "1250", `"1250"`, 1))
		},
		"half a cent": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(goodAnswer, "1250", `0.5`, 1))
		},
		"more than cents": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(goodAnswer, "1250", `1e30`, 1))
		},
		"Latin-1": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(goodAnswer, "EUR", "\xe4", 1))
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, goodAnswer+strings.Repeat(" ", 10<<20))
		},
		"500": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, goodAnswer)
		},
		"503":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"401":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"429":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"204":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"a redirect":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"a broken answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a body cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, goodAnswer)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for call, do := range against(t, answer) {
				_, err := do(t.Context())
				requireUnknownOutcome(t, err, call)
			}
		})
	}

	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		c := NewClient(Options{URL: "http://127.0.0.1:1", Secret: secret})
		_, err := c.Create(t.Context(), example("payment_a"))
		requireUnknownOutcome(t, err)
		require.NotContains(t, err.Error(), KeysOf(secret).API)
	})
}

func TestClientWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	for name, begun := range map[string]bool{"silent": false, "an answer that doesn't end": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			calls := against(t, func(w http.ResponseWriter, _ *http.Request) {
				if begun {
					_, _ = io.WriteString(w, goodAnswer[:10])
					w.(http.Flusher).Flush()
				}
				<-release
			})
			t.Cleanup(func() { close(release) })
			for call, do := range calls {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				_, err := do(ctx)
				cancel()
				requireUnknownOutcome(t, err, call)
				require.ErrorIs(t, err, context.DeadlineExceeded, call)
			}
		})
	}
}

func TestClientUnderstandsRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		want   map[string]error // nil: an unknown outcome
	}{
		{400, map[string]error{"Create": payment.ErrRefused}},
		{404, map[string]error{"Get": payment.ErrUnknown, "Cancel": payment.ErrUnknown, "Refund": payment.ErrUnknown}},
		{409, map[string]error{"Create": payment.ErrRefused, "Refund": payment.ErrNoRefund}},
		{422, map[string]error{"Create": payment.ErrRefused, "Refund": payment.ErrNoRefund}},
	} {
		for call, do := range against(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }) {
			_, err := do(t.Context())
			if want := c.want[call]; want != nil {
				require.ErrorIs(t, err, want, "%d %s", c.status, call)
			} else {
				requireUnknownOutcome(t, err, "%d %s", c.status, call)
			}
		}
	}
}

func TestClientPassesOnWhatIsSaid(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]payment.Transaction{
		goodAnswer: {ID: "sandbox_x", Order: "payment_a", Status: payment.Open, Cents: 1250, Currency: "EUR", URL: "https://pay.example/x"},
		`{}`:       {},
		` {"id":"other","order":"payment_z","status":"MAYBE","cents":-7,"currency":"","reference":"K1","new":[1]}` + "\n": {ID: "other", Order: "payment_z", Status: "MAYBE", Cents: -7, Reference: "K1"},
	} {
		for call, do := range against(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }) {
			got, err := do(t.Context())
			require.NoError(t, err, call)
			require.Equal(t, want, got, call)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	c := NewClient(Options{Secret: secret})
	body := []byte(goodAnswer)
	said := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	signed := func() http.Header { return KeysOf(secret).Sign(said, body) }

	t.Run("signed, and within five minutes either way, it is what the provider says", func(t *testing.T) {
		t.Parallel()
		for _, now := range []time.Time{said, said.Add(5 * time.Minute), said.Add(-5 * time.Minute)} {
			got, err := c.Report(signed(), body, now)
			require.NoError(t, err)
			require.Equal(t, payment.Transaction{ID: "sandbox_x", Order: "payment_a", Status: payment.Open, Cents: 1250, Currency: "EUR", URL: "https://pay.example/x"}, got)
		}
	})
	t.Run("the signature is the HMAC-SHA-512 that the protocol names", func(t *testing.T) {
		t.Parallel()
		header := signed()
		require.Equal(t, strconv.FormatInt(said.Unix(), 10), header.Get(TimestampHeader))
		require.Len(t, header.Get(SignatureHeader), 128)
		require.Equal(t, fmt.Sprintf("%x", KeysOf(secret).signature(header.Get(TimestampHeader), body)), header.Get(SignatureHeader))
		require.NotEqual(t, KeysOf(secret).API, hex.EncodeToString(KeysOf(secret).webhook), "one key proves nothing in the other's place")
	})
	t.Run("late or early it proves nothing", func(t *testing.T) {
		t.Parallel()
		for _, now := range []time.Time{said.Add(5*time.Minute + time.Nanosecond), said.Add(-5*time.Minute - time.Nanosecond), {}, said.AddDate(900, 0, 0)} {
			_, err := c.Report(signed(), body, now)
			require.ErrorIs(t, err, payment.ErrSignature, now)
		}
	})
	t.Run("forged it proves nothing", func(t *testing.T) {
		t.Parallel()
		for name, header := range map[string]http.Header{
			"none":               {},
			"another secret":     KeysOf(secret+"x").Sign(said, body),
			"another body":       KeysOf(secret).Sign(said, []byte(strings.Replace(goodAnswer, "OPEN", "PAID", 1))),
			"another time":       {TimestampHeader: signed()[TimestampHeader], SignatureHeader: KeysOf(secret).Sign(said.Add(time.Second), body)[SignatureHeader]},
			"no time":            {SignatureHeader: signed()[SignatureHeader]},
			"no signature":       {TimestampHeader: signed()[TimestampHeader]},
			"an empty signature": {TimestampHeader: signed()[TimestampHeader], SignatureHeader: {""}},
			"half of it":         {TimestampHeader: signed()[TimestampHeader], SignatureHeader: {signed().Get(SignatureHeader)[:64]}},
			"not hexadecimal":    {TimestampHeader: signed()[TimestampHeader], SignatureHeader: {strings.Repeat("x", 128)}},
			"twice":              {TimestampHeader: signed()[TimestampHeader], SignatureHeader: {signed().Get(SignatureHeader), signed().Get(SignatureHeader)}},
			"two times":          {TimestampHeader: {signed().Get(TimestampHeader), "0"}, SignatureHeader: signed()[SignatureHeader]},
			"the key of the API": {TimestampHeader: signed()[TimestampHeader], SignatureHeader: {hex.EncodeToString(Keys{webhook: []byte(KeysOf(secret).API)}.signature(signed().Get(TimestampHeader), body))}},
		} {
			_, err := c.Report(header, body, said)
			require.ErrorIs(t, err, payment.ErrSignature, name)
		}
	})
	t.Run("with any bit flipped it proves nothing", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(rt *rapid.T) {
			header, text := signed(), []byte(goodAnswer)
			flip := func(b []byte) []byte {
				b = []byte(string(b))
				b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
				return b
			}
			switch rapid.SampledFrom([]string{"body", "timestamp", "signature"}).Draw(rt, "where") {
			case "body":
				text = flip(text)
			case "timestamp":
				header.Set(TimestampHeader, string(flip([]byte(header.Get(TimestampHeader)))))
			case "signature":
				raw, err := hex.DecodeString(header.Get(SignatureHeader))
				require.NoError(rt, err)
				header.Set(SignatureHeader, hex.EncodeToString(flip(raw)))
			}
			_, err := c.Report(header, text, said)
			require.ErrorIs(rt, err, payment.ErrSignature)
		})
	})
	t.Run("signed nonsense is nonsense", func(t *testing.T) {
		t.Parallel()
		for _, nonsense := range []string{"", "null", "[]", "PAID", goodAnswer + "x", goodAnswer[:30], `{"id":7}`} {
			_, err := c.Report(KeysOf(secret).Sign(said, []byte(nonsense)), []byte(nonsense), said)
			require.Error(t, err, nonsense)
			require.NotErrorIs(t, err, payment.ErrSignature, nonsense)
		}
	})
}

func TestReportsUnderTheFormerSecretAreBelieved(t *testing.T) {
	t.Parallel()
	const current, former = "the secret that both have by now ", "the secret that they had before it"
	at, body := time.Now(), []byte(goodAnswer)
	both, one := NewClient(Options{Secret: current, Former: former}), NewClient(Options{Secret: current})
	for secret, believed := range map[string]bool{current: true, former: true, "another": false} {
		_, err := both.Report(KeysOf(secret).Sign(at, body), body, at)
		require.Equal(t, !believed, errors.Is(err, payment.ErrSignature), secret)
	}
	_, err := one.Report(KeysOf(former).Sign(at, body), body, at)
	require.ErrorIs(t, err, payment.ErrSignature, "once it has been taken away")
}
