package identity

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const blomberg, lage = "057660016016", "057660040040"

// clock is a clock that stands still until it is set.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(c.at.Load(), 0) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

// town is a demo issuer behind a real HTTP server, and a verifier that trusts it.
type town struct {
	*clock
	issuer   *DemoIssuer
	verifier *Verifier
	config   Config

	mu      sync.Mutex
	handler http.Handler // nil: the issuer is down
	asked   map[string]int
}

func setup(t *testing.T) *town {
	t.Helper()
	w := &town{clock: &clock{}, asked: map[string]int{}}
	w.at.Store(1_800_000_000)
	server := httptest.NewServer(http.StripPrefix("/demo/oidc", w))
	t.Cleanup(server.Close)
	w.issuer = w.open(t, filepath.Join(t.TempDir(), "key.json"), server.URL+"/demo/oidc", "nelke")
	w.handler = w.issuer.Handler()
	w.config = Config{Issuer: w.issuer.URL(), Audience: "nelke", Now: w.Now, Client: server.Client()}
	w.verifier = NewVerifier(w.config)
	return w
}

func (w *town) open(t *testing.T, file, url, audience string) *DemoIssuer {
	t.Helper()
	issuer, err := OpenDemoIssuer(file, url, audience, w.Now)
	require.NoError(t, err)
	return issuer
}

func (w *town) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	handler := w.handler
	w.asked[r.URL.Path]++
	w.mu.Unlock()
	if handler == nil {
		http.Error(rw, "down", http.StatusBadGateway)
		return
	}
	handler.ServeHTTP(rw, r)
}

func (w *town) serve(handler http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = handler
}

func (w *town) keyFetches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked["/jwks"]
}

func (w *town) mint(t *testing.T, issuer *DemoIssuer, ttl time.Duration) string {
	t.Helper()
	token, err := issuer.Mint("anna", "Anna Amsel", []string{"CLERK@" + blomberg}, ttl)
	require.NoError(t, err)
	return "Bearer " + token
}

// sign makes a token with the issuer's key and these claims in place of, or beside, the good ones. A nil claim is left out.
func (w *town) sign(t *testing.T, change map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": w.issuer.URL(), "aud": "nelke", "sub": "anna", "name": "Anna Amsel",
		"iat": w.at.Load(), "exp": w.at.Load() + 60,
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token, err := w.issuer.sign(claims)
	require.NoError(t, err)
	return "Bearer " + token
}
