package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 30 * time.Second
	ars      = "057660016016"
)

// lines is a log to be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// service is the program itself, at an address of its own.
type service struct {
	t      *testing.T
	cfg    server.Config // Addr is where it listens
	url    string
	log    *lines
	web    *http.Client
	cancel context.CancelFunc // as a signal would
	ended  chan error
}

// testConfig is the demo on an SQLite file of the test's own, which stops without delay.
func testConfig(t *testing.T, log io.Writer) server.Config {
	t.Helper()
	cfg := server.Defaults()
	cfg.Addr, cfg.Data, cfg.Demo, cfg.StopDelay = "127.0.0.1:0", t.TempDir(), true, 0
	cfg.Options.Version = "v-test"
	if log == nil {
		log = io.Discard
	}
	cfg.Options.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return cfg
}

func start(t *testing.T, change ...func(*server.Config)) *service {
	t.Helper()
	s := &service{t: t, log: &lines{}, ended: make(chan error, 1)}
	s.cfg = testConfig(t, s.log)
	for _, c := range change {
		c(&s.cfg)
	}
	ready := make(chan string, 1)
	s.cfg.Options.Ready = func(addr string) { ready <- addr }
	ctx, cancel := context.WithCancel(context.Background()) // ended by stop, which looks at how
	s.cancel = cancel
	go func() { s.ended <- server.Run(ctx, s.cfg) }()
	transport := &http.Transport{}
	s.web = &http.Client{Transport: transport, Timeout: patience}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.stop()
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	select {
	case s.cfg.Addr = <-ready:
	case err := <-s.ended:
		s.ended <- err
		t.Fatalf("it didn't start: %v", err)
	case <-time.After(patience):
		t.Fatal("it isn't ready")
	}
	s.url = "http://" + s.cfg.Addr
	return s
}

// stop asks it to stop and waits for the end, which must be a good one.
func (s *service) stop() {
	s.t.Helper()
	s.cancel()
	select {
	case err := <-s.ended:
		s.ended <- err // for whoever asks again
		require.NoError(s.t, err)
	case <-time.After(patience):
		s.t.Fatal("it doesn't end")
	}
}

// token is a staff token of the demo.
func (s *service) token(roles ...string) string {
	s.t.Helper()
	token, err := server.Token(s.cfg, "somebody", "Erika Muster", roles, time.Hour)
	require.NoError(s.t, err)
	return token
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. Headers come in pairs.
func (s *service) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	got, err := s.web.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(s.t, err)
	return answer{got.StatusCode, got.Header, string(text)}
}

// graph sends a document by POST.
func (s *service) graph(query string, variables any, headers ...string) answer {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(s.t, err)
	return s.do(http.MethodPost, "/graphql", string(body), append([]string{"Content-Type", "application/json"}, headers...)...)
}

func (a answer) read(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), into), a.body)
}
