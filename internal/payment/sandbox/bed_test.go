package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
	"nelke/internal/store"
	"nelke/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret   = "a secret of more than 32 characters"
	patience = 20 * time.Second
)

func databases() []string { return []string{dialect.SQLite, dialect.Postgres} }

// clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bed is a provider on a database of its own, reached by HTTP, and somebody to whom it reports.
type bed struct {
	t        *testing.T
	clock    *clock
	config   store.Config
	web      *http.Client // follows no redirects
	url      string
	service  *Service
	client   *gateway.Client
	receiver *receiver
}

func setup(t *testing.T, db string) *bed {
	t.Helper()
	b := &bed{t: t, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
	b.config = store.Config{DataDir: t.TempDir(), Clock: b.clock.Now}
	if db == dialect.Postgres {
		b.config.DatabaseURL, b.config.MaxConns = postgres(t), 8
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	b.web = gateway.WithoutRedirects(&http.Client{Transport: transport, Timeout: patience})
	b.receiver = newReceiver(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	b.service = b.process()
	mux.Handle("/", b.service.API())
	mux.Handle("/pay/", b.service.Page())
	b.reportTo(b.receiver.url)
	return b
}

// reportTo has the orders that follow name an address for their webhooks.
func (b *bed) reportTo(url string) {
	b.client = gateway.NewClient(gateway.Options{URL: b.url, Secret: secret, NotifyURL: url, HTTP: b.web})
}

func postgres(t *testing.T) string {
	t.Helper()
	version, err := store.SchemaDigest(dialect.Postgres)
	require.NoError(t, err)
	return testbed.Postgres(t, testbed.Template{Version: "sandbox " + version, Prepare: func(ctx context.Context, url string) error {
		s, err := store.Open(ctx, store.Config{DatabaseURL: url})
		if err != nil {
			return err
		}
		return errors.Join(s.Migrate(ctx), s.Close())
	}})
}

// process is a Service on the bed's database, as another process would have it.
func (b *bed) process() *Service {
	b.t.Helper()
	s, err := store.Open(b.t.Context(), b.config)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, s.Close()) })
	require.NoError(b.t, s.Migrate(b.t.Context()))
	transport := &http.Transport{}
	b.t.Cleanup(transport.CloseIdleConnections)
	return New(Options{Store: s, Secret: secret, URL: b.url, HTTP: &http.Client{Transport: transport}})
}

// run sends a Service's webhooks until the test ends, or the function returned is called.
func (b *bed) run(s *Service) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	b.t.Cleanup(stop)
	return stop
}

func example(id string) payment.Order {
	return payment.Order{
		ID: id, Cents: 1250, Currency: "EUR", Method: "CREDIT_CARD", Purpose: "Meldebescheinigung AB12CD",
		ReturnURL: "https://nelke.example/payments/return/" + id,
	}
}

// order places the example.
func (b *bed) order(id string) payment.Transaction {
	b.t.Helper()
	t, err := b.client.Create(b.t.Context(), example(id))
	require.NoError(b.t, err)
	return t
}

// paid is the example, paid.
func (b *bed) paid(id string) payment.Transaction {
	b.t.Helper()
	t := b.order(id)
	require.Equal(b.t, http.StatusSeeOther, b.choose(t, "success").StatusCode)
	return t
}

// choose sends the page's form. Headers come in pairs.
func (b *bed) choose(t payment.Transaction, choice string, headers ...string) *http.Response {
	return b.send(http.MethodPost, t.URL, "choice="+choice, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

func (b *bed) send(method, url, body string, headers ...string) *http.Response {
	request, err := http.NewRequestWithContext(b.t.Context(), method, url, newText(body))
	if err != nil {
		b.t.Error(err)
		return &http.Response{Body: http.NoBody}
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	answer, err := b.web.Do(request)
	if err != nil {
		b.t.Error(err)
		return &http.Response{Body: http.NoBody}
	}
	answer.Body = read(answer.Body)
	return answer
}

// said is how the API says that a transaction stands.
func (b *bed) said(id string) payment.Transaction {
	b.t.Helper()
	t, err := b.client.Get(b.t.Context(), id)
	require.NoError(b.t, err)
	return t
}

// race runs fn n times at once and waits.
func race(n int, fn func(i int)) {
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-begin; fn(i) })
	}
	close(begin)
	all.Wait()
}

// receiver is somebody to whom is reported. It checks each report as the service does.
type receiver struct {
	url   string
	clock func() time.Time // nil: any time is right

	mu      sync.Mutex
	refuse  int // how many reports of each state it doesn't take
	seen    map[payment.Transaction]int
	took    map[payment.Transaction]int
	forged  int
	arrived chan struct{} // one for each report, as many as fit
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{seen: map[payment.Transaction]int{}, took: map[payment.Transaction]int{}, arrived: make(chan struct{}, 1000)}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/payments/webhook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	said := gateway.Transaction{}
	if err != nil || json.Unmarshal(body, &said) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		select {
		case r.arrived <- struct{}{}:
		default:
		}
	}()
	if r.clock != nil && !gateway.KeysOf(secret).Proves(request.Header, body, r.clock()) {
		r.forged++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	t := payment.Transaction(said)
	r.seen[t]++
	if r.seen[t] <= r.refuse {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.took[t]++
	w.WriteHeader(http.StatusNoContent)
}

// counts are how many reports were seen, and how many of them were taken.
func (r *receiver) counts() (seen, took int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.seen {
		seen += n
	}
	for _, n := range r.took {
		took += n
	}
	return seen, took
}

// unsent returns the number of webhooks in a database that aren't taken yet.
func (b *bed) unsent() (n int) {
	b.t.Helper()
	require.NoError(b.t, b.service.store.ReadDB().QueryRowContext(b.t.Context(),
		`SELECT count(*) FROM sandbox_transactions WHERE notified_at IS NULL`).Scan(&n))
	return n
}
