package identity

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDemoIssuer(t *testing.T) {
	t.Parallel()
	t.Run("the key is kept for its owner alone", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		folder := t.TempDir()
		file := filepath.Join(folder, "key.json")
		w.open(t, file, "https://a.example", "nelke")
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing temporary is left")
	})
	t.Run("processes that share the key accept each other's tokens", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		file := filepath.Join(t.TempDir(), "key.json")
		issuers := make([]*DemoIssuer, 8)
		var opening sync.WaitGroup
		for i := range issuers { // at once, so all but one find the file made by another
			opening.Go(func() {
				issuer, err := OpenDemoIssuer(file, w.issuer.URL(), "nelke", w.Now)
				if err != nil {
					t.Error(err)
				}
				issuers[i] = issuer
			})
		}
		opening.Wait()
		w.serve(issuers[0].Handler())
		for _, issuer := range issuers {
			_, err := w.verifier.Actor(t.Context(), w.mint(t, issuer, time.Hour))
			require.NoError(t, err)
		}
	})
	t.Run("a key that another process made first stays", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "key.json")
		require.NoError(t, createDemoKey(file))
		first, err := readDemoKey(file)
		require.NoError(t, err)
		require.NoError(t, createDemoKey(file))
		second, err := readDemoKey(file)
		require.NoError(t, err)
		require.Equal(t, first.KeyID, second.KeyID)
	})
	t.Run("a malformed role is refused", func(t *testing.T) {
		t.Parallel()
		_, err := setup(t).issuer.Mint("anna", "Anna", []string{"CHIEF@" + blomberg}, time.Hour)
		require.ErrorContains(t, err, "CHIEF")
	})
	t.Run("a file that is no key, or can't be made, is an error", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		folder := t.TempDir()
		for name, content := range map[string]string{"text": "x", "empty": "", "public": `{"kty":"oct","k":"AAAA"}`} {
			file := filepath.Join(folder, name)
			require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
			_, err := OpenDemoIssuer(file, "https://a.example", "nelke", w.Now)
			require.ErrorContains(t, err, file)
		}
		_, err := OpenDemoIssuer(filepath.Join(folder, "missing", "key"), "https://a.example", "nelke", w.Now)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("no private part of the key is served", func(t *testing.T) {
		t.Parallel()
		recorder := httptest.NewRecorder()
		setup(t).issuer.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/jwks", nil))
		var set struct{ Keys []map[string]any }
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &set))
		require.Len(t, set.Keys, 1)
		require.NotContains(t, set.Keys[0], "d")
	})
}
