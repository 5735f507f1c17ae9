package trace

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// A collector is nobody's business but the operator's: whatever it does, people are answered as ever, and the process ends
// in time.
func TestACollectorThatIsAwayHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	hanging := func(t *testing.T) string {
		release := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}))
		t.Cleanup(func() {
			close(release)
			s.Close()
		})
		return s.URL
	}
	refusing := func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		return "http://" + l.Addr().String()
	}
	failing := func(t *testing.T) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, collector := range map[string]func(*testing.T) string{"it hangs": hanging, "it refuses": refusing, "it takes nothing": failing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := suite.Serve(t, suite.SQLite(), func(cfg *server.Config) {
				cfg.TraceEndpoint = collector(t)
				cfg.StopTimeout = 5 * time.Second
			})
			// More spans than the queue holds (2048), and several batches (512).
			slowest := time.Duration(0)
			for range 600 {
				begun := time.Now()
				require.Equal(t, "ANONYMOUS", p.Anonymous().Do(`{ viewer { kind } }`, nil).OK("viewer.kind").String())
				slowest = max(slowest, time.Since(begun))
			}
			require.Less(t, slowest, 2*time.Second, "less than any of the exporter's timeouts")
			begun := time.Now()
			require.NoError(t, p.Stop())
			require.Less(t, time.Since(begun), 4*time.Second)
			require.LessOrEqual(t, strings.Count(p.Log.String(), "traces can't be delivered"), 1)
			require.Contains(t, p.Log.String(), "traces can't be delivered")
		})
	}
}
