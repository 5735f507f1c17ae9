package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

func TestVerifierKeys(t *testing.T) {
	t.Parallel()
	t.Run("are fetched once for many tokens", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		var callers sync.WaitGroup
		for range 20 {
			header := w.mint(t, w.issuer, time.Hour)
			callers.Go(func() {
				if _, err := w.verifier.Actor(context.Background(), header); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		require.Equal(t, 1, w.keyFetches())
	})
	t.Run("are fetched from a place of their own, without discovery", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		issuer := w.open(t, filepath.Join(t.TempDir(), "key.json"), "https://nelke.example/demo/oidc", "nelke")
		loopback := httptest.NewServer(issuer.Handler())
		defer loopback.Close()
		verifier := NewVerifier(Config{
			Issuer: issuer.URL(), Audience: "nelke", KeysURL: loopback.URL + "/jwks", Now: w.Now, Client: loopback.Client(),
		})
		actor, err := verifier.Actor(t.Context(), w.mint(t, issuer, time.Hour))
		require.NoError(t, err)
		require.Equal(t, "https://nelke.example/demo/oidc|anna", actor.Subject)
	})
	t.Run("are picked up when rotated, and given up when withdrawn", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		old := w.mint(t, w.issuer, time.Hour)
		_, err := w.verifier.Actor(t.Context(), old)
		require.NoError(t, err)

		next := w.open(t, filepath.Join(t.TempDir(), "key.json"), w.issuer.URL(), "nelke")
		w.serve(next.Handler())
		_, err = w.verifier.Actor(t.Context(), w.mint(t, next, time.Hour))
		require.ErrorIs(t, err, ErrTokenInvalid, "within five seconds of the last fetch")
		require.Equal(t, 1, w.keyFetches())
		_, err = w.verifier.Actor(t.Context(), old)
		require.NoError(t, err)

		w.advance(refetchAfter)
		_, err = w.verifier.Actor(t.Context(), w.mint(t, next, time.Hour))
		require.NoError(t, err)
		_, err = w.verifier.Actor(t.Context(), old)
		require.ErrorIs(t, err, ErrTokenInvalid)
	})
	t.Run("are fetched again when old", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		header := w.mint(t, w.issuer, time.Hour)
		for range 3 {
			_, err := w.verifier.Actor(t.Context(), header)
			require.NoError(t, err)
		}
		require.Equal(t, 1, w.keyFetches())
		w.advance(keysFresh)
		w.serve(http.NotFoundHandler())
		_, err := w.verifier.Actor(t.Context(), header)
		require.NoError(t, err, "old keys are better than none")
		w.serve(w.open(t, filepath.Join(t.TempDir(), "key.json"), w.issuer.URL(), "nelke").Handler())
		w.advance(retryAfter)
		_, err = w.verifier.Actor(t.Context(), header)
		require.ErrorIs(t, err, ErrTokenInvalid, "withdrawn")
	})
	t.Run("an issuer that hangs holds nobody up, and its keys end after a day", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		header := w.mint(t, w.issuer, 48*time.Hour)
		_, err := w.verifier.Actor(t.Context(), header)
		require.NoError(t, err)
		hung := make(chan struct{})
		w.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
		w.advance(keysEnd - time.Second)
		begun := time.Now()
		for range 50 {
			_, err := w.verifier.Actor(t.Context(), header)
			require.NoError(t, err)
		}
		require.Less(t, time.Since(begun), time.Second, "one waits a moment, the others not at all")
		close(hung)
		w.verifier.Wait()
		w.serve(http.NotFoundHandler())
		w.advance(2 * time.Second)
		_, err = w.verifier.Actor(t.Context(), header)
		require.ErrorIs(t, err, ErrIdentityUnavailable)
	})
	t.Run("invented ids don't flood the issuer", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		forger := w.open(t, filepath.Join(t.TempDir(), "key.json"), w.issuer.URL(), "nelke")
		header := w.mint(t, forger, time.Hour)
		for range 50 {
			_, err := w.verifier.Actor(t.Context(), header)
			require.ErrorIs(t, err, ErrTokenInvalid)
		}
		require.Equal(t, 1, w.keyFetches())
	})
	t.Run("an issuer that is down is unavailable, and works once it is up", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		w.serve(nil)
		header := w.mint(t, w.issuer, time.Hour)
		for range 10 {
			_, err := w.verifier.Actor(t.Context(), header)
			require.ErrorIs(t, err, ErrIdentityUnavailable)
			require.NotErrorIs(t, err, ErrTokenInvalid)
		}
		w.mu.Lock()
		require.Equal(t, 1, w.asked["/.well-known/openid-configuration"], "asked once a second at most")
		w.mu.Unlock()
		_, err := w.verifier.Actor(t.Context(), "Bearer "+NewCaseKey())
		require.NoError(t, err, "case keys need no issuer")

		w.serve(w.issuer.Handler())
		w.advance(retryAfter)
		_, err = w.verifier.Actor(t.Context(), header)
		require.NoError(t, err)
	})
	t.Run("an issuer that hangs is unavailable in time", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		hung := make(chan struct{})
		t.Cleanup(func() { close(hung) })
		w.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hung:
			case <-r.Context().Done():
			}
		}))
		config := w.config
		config.Timeout = 20 * time.Millisecond
		_, err := NewVerifier(config).Actor(t.Context(), w.mint(t, w.issuer, time.Hour))
		require.ErrorIs(t, err, ErrIdentityUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("a connection refused is unavailable", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		config := w.config
		config.KeysURL = gone.URL
		_, err := NewVerifier(config).Actor(t.Context(), w.mint(t, w.issuer, time.Hour))
		require.ErrorIs(t, err, ErrIdentityUnavailable)
	})
	t.Run("an issuer that calls itself otherwise is unavailable", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		w.serve(w.open(t, filepath.Join(t.TempDir(), "key.json"), "https://other.example", "nelke").Handler())
		_, err := w.verifier.Actor(t.Context(), w.mint(t, w.issuer, time.Hour))
		require.ErrorIs(t, err, ErrIdentityUnavailable)
	})
	t.Run("of unknown kinds, for encryption, or secret are left out", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		encryption := w.issuer.key.Public()
		encryption.Use = "enc"
		secret, err := w.issuer.key.MarshalJSON()
		require.NoError(t, err)
		shared, err := jose.JSONWebKey{Key: []byte("secret"), KeyID: "s"}.MarshalJSON()
		require.NoError(t, err)
		forEncryption, err := encryption.MarshalJSON()
		require.NoError(t, err)
		good, err := w.issuer.key.Public().MarshalJSON()
		require.NoError(t, err)
		keys := publicKeys([]json.RawMessage{
			[]byte(`{"kty":"XYZ","kid":"a"}`), []byte(`7`), []byte(`{"kty":"EC","crv":"P-256","x":"","y":""}`),
			secret, shared, forEncryption, good,
		})
		require.Len(t, keys, 1)
		require.Equal(t, w.issuer.key.KeyID, keys[0].KeyID)
	})
}
