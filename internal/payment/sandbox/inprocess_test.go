package sandbox

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
)

func TestInProcess(t *testing.T) {
	t.Parallel()
	client := func(h http.HandlerFunc) *gateway.Client {
		return gateway.NewClient(gateway.Options{URL: "http://sandbox", Secret: secret, HTTP: &http.Client{Transport: InProcess(h)}})
	}

	t.Run("the four calls work without a port", func(t *testing.T) {
		t.Parallel()
		b := setup(t, databases()[0])
		c := gateway.NewClient(gateway.Options{URL: "http://sandbox", Secret: secret, NotifyURL: b.receiver.url, HTTP: &http.Client{Transport: InProcess(b.service.API())}})
		open, err := c.Create(t.Context(), example("payment_a"))
		require.NoError(t, err)
		require.Equal(t, open, b.said(open.ID))
		b.choose(open, "success")
		paid, err := c.Get(t.Context(), open.ID)
		require.NoError(t, err)
		require.Equal(t, payment.Paid, paid.Status)
		paid, err = c.Cancel(t.Context(), open.ID)
		require.NoError(t, err)
		require.Equal(t, payment.Paid, paid.Status)
		paid, err = c.Refund(t.Context(), open.ID)
		require.NoError(t, err)
		require.Equal(t, payment.Refunded, paid.Status)
		_, err = c.Get(t.Context(), "nobodys")
		require.ErrorIs(t, err, payment.ErrUnknown)
	})
	t.Run("a context that has ended asks nobody", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := client(func(http.ResponseWriter, *http.Request) { t.Error("asked") }).Get(ctx, "x")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("the handler sees the context end, and its late answer is none", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := client(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
			_, _ = io.WriteString(w, `{"id":"sandbox_x","status":"OPEN"}`)
		}).Get(ctx, "x")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a handler that panics is a connection that breaks", func(t *testing.T) {
		t.Parallel()
		_, err := client(func(http.ResponseWriter, *http.Request) { panic("out of cake") }).Get(t.Context(), "x")
		require.ErrorContains(t, err, "panicked")
		for _, certain := range []error{payment.ErrRefused, payment.ErrUnknown, payment.ErrNoRefund} {
			require.NotErrorIs(t, err, certain)
		}
	})
	t.Run("headers that come after the answer began are lost, as on a wire", func(t *testing.T) {
		t.Parallel()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://sandbox/x?y=z", nil)
		require.NoError(t, err)
		got, err := InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("A", r.Host+r.RequestURI)
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("A", "2")
		})).RoundTrip(r)
		require.NoError(t, err)
		defer got.Body.Close()
		require.Equal(t, http.StatusTeapot, got.StatusCode)
		require.Equal(t, "sandbox/x?y=z", got.Header.Get("A"))
	})
}
