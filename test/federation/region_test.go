//go:build federation

package federation

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
	"nelke/server"
	"nelke/test/node"
	"nelke/test/suite"
)

// What the neighbour has: Blomberg, in Kreis Lippe, and a town of Kreis Höxter that this Nelke doesn't have. Both lie
// in the Regierungsbezirk.
const (
	district = "05766"
	bezirk   = "057"
	noTown   = "057620012012"
)

// openings is how many cases one network may open in an hour.
const openings = 100

// region is Nelke and its neighbour.
type region struct {
	nelke     *suite.Process
	directory *node.Program
	neighbour string // where the directory answers, through what listens
	asked     atomic.Int64
	overheard atomic.Int64 // requests to it with a token
	place     suite.Place
	folder    string // of supergraphs
}

func newRegion(t *testing.T, on *suite.Backend, options ...suite.Option) *region {
	t.Helper()
	behindGateways := func(c *server.Config) { c.Proxies, c.OpeningsPerHour = []string{"127.0.0.0/8"}, openings }
	r := &region{nelke: suite.Serve(t, on, append([]suite.Option{behindGateways}, options...)...)}
	r.place, r.folder = r.nelke.Place(), t.TempDir()
	r.directory = node.Start(t, regexp.MustCompile(`ready at (http://\S+)/\n`), []string{"PORT=0"}, "directory.js")
	r.neighbour = r.listen(t)
	return r
}

// listen stands between the gateways and the directory.
func (r *region) listen(t *testing.T) string {
	t.Helper()
	to, err := url.Parse(r.directory.URL)
	require.NoError(t, err)
	on := httputil.NewSingleHostReverseProxy(to)
	on.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // that the directory is gone, once a test has ended it
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		if request.Header.Get("Authorization") != "" {
			r.overheard.Add(1)
		}
		on.ServeHTTP(w, request)
	}))
	t.Cleanup(between.Close)
	return between.URL
}

// compose makes a supergraph of both, as their operator would, and gives the file that it is in.
func (r *region) compose(t *testing.T, composer string, options ...string) string {
	t.Helper()
	args := append([]string{"compose.js", composer}, options...)
	supergraph, errors, err := node.Run(t, nil, append(args, "nelke="+r.nelke.URL+"/graphql", "directory="+r.neighbour)...)
	require.NoError(t, err, errors)
	require.NotEmpty(t, supergraph)
	return file(t, r.folder, composer+strings.Join(options, "")+".graphql", supergraph)
}

func file(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// gateway is what clients ask, in the place of Nelke.
type gateway struct {
	*suite.Process
	name    string
	program *node.Program
}

// apollo is @apollo/gateway in front of a supergraph.
func (r *region) apollo(t *testing.T, supergraph string) gateway {
	t.Helper()
	p := node.Start(t, regexp.MustCompile(`ready at (http://\S+)/\n`), []string{"PORT=0"}, "apollo.js", supergraph)
	return gateway{suite.Remote(t, p.URL), r.column(t, "@apollo/gateway"), p}
}

// hive is Hive Gateway in front of a supergraph.
func (r *region) hive(t *testing.T, supergraph, config string, options ...string) gateway {
	t.Helper()
	host, port, _ := strings.Cut(testbed.FreeAddr(t), ":")
	args := append([]string{"node_modules/.bin/hive-gateway", "-c", config, "-h", host, "-p", port, "supergraph"}, options...)
	p := node.Start(t, regexp.MustCompile(`Listening on (http://[\w.:]+)`), []string{"SUPERGRAPH=" + supergraph}, args...)
	return gateway{suite.Remote(t, p.URL), r.column(t, "@graphql-hive/gateway"), p}
}

// column names a gateway, and what Nelke keeps its data in behind it.
func (r *region) column(t *testing.T, name string) string {
	t.Helper()
	database := "sqlite"
	if r.nelke.Config.DatabaseURL != "" {
		database = "postgres"
	}
	return gateways.column(t, name) + ", " + database
}
