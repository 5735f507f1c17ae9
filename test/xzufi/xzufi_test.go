// Package xzufi_test holds the export of the catalogue to what the graph says, through the public door, and to how it is
// handed out.
package xzufi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/data"
	"nelke/internal/xzufi"
	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		http.DefaultClient.CloseIdleConnections()
		os.Exit(code)
	}))
}

// region is a service with all towns of Kreis Lippe.
func region(t *testing.T, b *suite.Backend) *suite.Process {
	t.Helper()
	cfg := b.Configuration(t.TempDir())
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, data.Towns))
	_, err := server.Import(t.Context(), cfg, []string{filepath.Join(folder, "lippe")})
	require.NoError(t, err)
	return suite.Serve(t, b, suite.In(cfg.Data))
}

// reply is an answer of the export.
type reply struct {
	status int
	header http.Header
	body   []byte // as it was sent
}

func (r reply) tag() string { return r.header.Get("ETag") }

// get asks for the export. Headers come in pairs; without Accept-Encoding nothing is compressed.
func get(t testing.TB, p *suite.Process, method, query string, headers ...string) reply {
	t.Helper()
	got, err := try(t.Context(), p, method, query, headers...)
	require.NoError(t, err)
	return got
}

func try(ctx context.Context, p *suite.Process, method, query string, headers ...string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.URL+"/export/xzufi.xml"+query, nil)
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

func read(t testing.TB, p *suite.Process, query string) *xzufi.Message {
	t.Helper()
	got := get(t, p, http.MethodGet, query)
	require.Equal(t, http.StatusOK, got.status, string(got.body))
	m, err := xzufi.Read(bytes.NewReader(got.body))
	require.NoError(t, err)
	return m
}

func named(t testing.TB, m *xzufi.Message, town, slug string) xzufi.Service {
	t.Helper()
	i := slices.IndexFunc(m.Services, func(s xzufi.Service) bool { return s.Slug == slug && s.Region == town })
	require.GreaterOrEqual(t, i, 0, slug)
	return m.Services[i]
}

func TestTheExportIsHandedOutAsTheWebHasIt(t *testing.T) {
	t.Parallel()
	p := region(t, suite.SQLite())
	plain := get(t, p, http.MethodGet, "")
	require.Equal(t, http.StatusOK, plain.status)
	require.Equal(t, "application/xml; charset=utf-8", plain.header.Get("Content-Type"))
	require.Equal(t, "public, max-age=60, stale-if-error=600", plain.header.Get("Cache-Control"))
	require.Equal(t, "Accept-Encoding", plain.header.Get("Vary"))
	require.Regexp(t, `^"[\w-]{22}"$`, plain.tag())
	require.Equal(t, plain, undated(get(t, p, http.MethodGet, ""), plain), "the same bytes and headers again")

	t.Run("compressed", func(t *testing.T) {
		t.Parallel()
		for accept, small := range map[string]bool{
			"gzip": true, "br, gzip;q=0.5": true, "*": true, "X-GZIP": true, "gzip;q=0": false, "gzip; q=0.000, *": false, "br": false, "*;q=0": false, "gzip;q=x": false,
		} {
			got := get(t, p, http.MethodGet, "", "Accept-Encoding", accept)
			require.Equal(t, http.StatusOK, got.status)
			if !small {
				require.Empty(t, got.header.Get("Content-Encoding"), accept)
				require.Equal(t, plain.tag(), got.tag())
				require.True(t, bytes.Equal(plain.body, got.body))
				continue
			}
			require.Equal(t, "gzip", got.header.Get("Content-Encoding"), accept)
			require.NotEqual(t, plain.tag(), got.tag(), "other bytes have another strong tag")
			require.Less(t, 10*len(got.body), len(plain.body))
			z, err := gzip.NewReader(bytes.NewReader(got.body))
			require.NoError(t, err)
			body, err := io.ReadAll(z)
			require.NoError(t, err)
			require.True(t, bytes.Equal(plain.body, body))
		}
	})
	t.Run("not again, where the client has it", func(t *testing.T) {
		t.Parallel()
		small := get(t, p, http.MethodGet, "", "Accept-Encoding", "gzip").tag()
		for _, row := range []struct {
			accept, has string
			status      int
		}{
			{"identity", plain.tag(), http.StatusNotModified},
			{"identity", `"a", W/` + plain.tag(), http.StatusNotModified},
			{"identity", "*", http.StatusNotModified},
			{"gzip", small, http.StatusNotModified},
			{"gzip", plain.tag(), http.StatusOK},
			{"identity", small, http.StatusOK},
			{"identity", `"a"`, http.StatusOK},
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := get(t, p, method, "", "Accept-Encoding", row.accept, "If-None-Match", row.has)
				require.Equal(t, row.status, got.status, "%s %v", method, row)
				require.Equal(t, "public, max-age=60, stale-if-error=600", got.header.Get("Cache-Control"))
				require.NotEmpty(t, got.tag())
				require.Equal(t, row.status == http.StatusOK && method == http.MethodGet, len(got.body) > 0)
			}
		}
	})
	t.Run("by HEAD", func(t *testing.T) {
		t.Parallel()
		got := get(t, p, http.MethodHead, "")
		require.Empty(t, got.body)
		require.Equal(t, plain.header.Get("Content-Length"), got.header.Get("Content-Length"))
		require.Equal(t, plain.tag(), got.tag())
		require.Equal(t, http.StatusMethodNotAllowed, get(t, p, http.MethodPost, "").status)
	})
	t.Run("by region", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, plain.tag(), get(t, p, http.MethodGet, "?ars=05766").tag(), "all there are")
		require.Equal(t, plain.tag(), get(t, p, http.MethodGet, "?ars=").tag())
		one := read(t, p, "?ars="+suite.ARS)
		for _, s := range one.Services {
			require.Equal(t, suite.ARS, s.Region)
		}
		require.Len(t, one.Services, 30)
		require.Len(t, read(t, p, "?ars="+suite.OtherARS).Services, 27)
		for query, status := range map[string]int{"?ars=09": http.StatusNotFound, "?ars=0576601601600": http.StatusBadRequest, "?ars=%25": http.StatusBadRequest, "?ars=05x": http.StatusBadRequest} {
			got := get(t, p, http.MethodGet, query)
			require.Equal(t, status, got.status, query)
			require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
			require.Empty(t, got.tag())
		}
	})
	t.Run("to everybody alike", func(t *testing.T) {
		t.Parallel()
		for _, header := range [][]string{{"Authorization", "Bearer nonsense"}, {"Authorization", "Bearer " + p.Clerk().Token}, {"Cookie", "a=b"}, {"Accept-Language", "en"}} {
			got := get(t, p, http.MethodGet, "", header...)
			require.Equal(t, plain.tag(), got.tag())
			require.True(t, bytes.Equal(plain.body, got.body))
		}
	})
}

// undated has no header that is about the request rather than of the answer.
func undated(r, like reply) reply {
	for _, name := range []string{"Date", "X-Request-Id"} {
		r.header.Set(name, like.header.Get(name))
	}
	return r
}

func TestTheExportFollowsTheCatalogue(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := region(t, b)
		all := []*suite.Process{p}
		if b.Redis != nil {
			all = append(all, p.Beside(b))
		}
		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		whole, town, other := "", "?ars="+suite.ARS, "?ars="+suite.OtherARS
		tags := map[string]string{}
		for _, query := range []string{whole, town, other} {
			for _, p := range all {
				got := get(t, p, http.MethodGet, query)
				require.True(t, tags[query] == "" || tags[query] == got.tag(), "every process makes the same bytes")
				tags[query] = got.tag()
			}
		}
		id := named(t, read(t, p, town), suite.ARS, "meldebescheinigung").ID.Value
		changes := []struct {
			name    string
			do      func()
			here    []string // queries whose answer is another one
			visible func(xzufi.Service) bool
		}{
			{"setFee", func() {
				admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code message path } } }`, suite.Vars{"in": suite.Vars{
					"idempotencyKey": suite.Key(), "service": id, "cents": 1250, "furtherCopyCents": 0, "validFrom": "2026-12-24",
					"legalBasis": suite.Vars{"de": `Satzung § 3 <b>&amp; ]]> "Ü"`, "en": "By-law § 3 <script>"},
				}}).OK("setFee.publicService.id")
			}, []string{whole, town}, func(s xzufi.Service) bool {
				last := s.Fees[len(s.Fees)-1]
				return last.Cents == 1250 && last.FurtherCopy == 0 && last.ValidFrom == "2026-12-24" && last.LegalBasis["de"] == `Satzung § 3 <b>&amp; ]]> "Ü"` && s.Fees[0].Until == "2026-12-23"
			}},
			{"setServiceState", func() {
				admin.Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { id } problems { code message path } } }`, suite.Vars{"in": suite.Vars{
					"idempotencyKey": suite.Key(), "service": id, "open": true, "opensAt": "2026-12-01T08:00:00+01:00", "message": suite.Vars{"de": "- Ab <i>Dezember</i> & ]]>.", "en": "From December on."},
				}}).OK("setServiceState.publicService.id")
			}, []string{whole, town}, func(s xzufi.Service) bool {
				return s.Message["de"] == "- Ab <i>Dezember</i> & ]]>." && s.Window.Opens.Format("2006-01-02T15:04:05Z07:00") == "2026-12-01T07:00:00Z" && s.Window.Closes.IsZero()
			}},
			{"import", func() {
				suite.NewTown(t).EditAfter("slug: meldebescheinigung", "de: Meldebescheinigung", `de: "Bescheinigung <b>&amp; ]]>\u00a0 über"`).Import(p.Config)
				if b.Redis == nil { // nothing nudges for what another process did: what is remembered gets too old
					p.Clock.Advance(time.Minute)
				}
			}, []string{whole, town}, func(s xzufi.Service) bool { return s.Name["de"] == "Bescheinigung <b>&amp; ]]>\u00a0 über" }},
		}
		for _, c := range changes {
			c.do()
			for i, p := range all {
				for _, query := range []string{whole, town, other} {
					if !slices.Contains(c.here, query) {
						require.Equal(t, tags[query], get(t, p, http.MethodGet, query).tag(), "%s at %d: what it says hasn't changed", c.name, i)
						continue
					}
					var m *xzufi.Message
					require.Eventually(t, func() bool { // another process is nudged a moment later, an import is a process of its own
						m = read(t, p, query)
						return c.visible(named(t, m, suite.ARS, "meldebescheinigung"))
					}, patience, pause, "%s at %d", c.name, i)
					fresh := get(t, p, http.MethodGet, query, "If-None-Match", tags[query])
					require.Equal(t, http.StatusOK, fresh.status)
				}
			}
			for _, query := range c.here {
				was := tags[query]
				tags[query] = get(t, p, http.MethodGet, query).tag()
				require.NotEqual(t, was, tags[query])
				for _, p := range all {
					require.Equal(t, tags[query], get(t, p, http.MethodGet, query).tag())
				}
			}
		}
		t.Run("and what the town closes can't be asked for online any more", func(t *testing.T) {
			online := func(m *xzufi.Message) bool {
				return slices.ContainsFunc(m.Online, func(o xzufi.Online) bool { return o.ID.Value == id })
			}
			require.True(t, online(read(t, p, town)))
			admin.For(t).Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { id } problems { code message path } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "service": id, "open": false,
			}}).OK("setServiceState.publicService.id")
			require.False(t, online(read(t, p, town)))
		})
	})
}

// Fifty who ask first at once wait for one document. What else they could have made is as many readings as there are towns.
func TestFirstReadersShareOneMaking(t *testing.T) {
	t.Parallel()
	p := region(t, suite.SQLite())
	before := metric(t, p, "nelke_cache_fills_total")
	var running sync.WaitGroup
	replies, errs := make([]reply, 50), make([]error, 50)
	for i := range replies {
		running.Go(func() { replies[i], errs[i] = try(t.Context(), p, http.MethodGet, "", "Accept-Encoding", "gzip") })
	}
	running.Wait()
	for i, got := range replies {
		require.NoError(t, errs[i])
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, replies[0].tag(), got.tag())
	}
	require.LessOrEqual(t, metric(t, p, "nelke_cache_fills_total")-before, 1+16+1)
	require.Less(t, metric(t, p, "nelke_cache_bytes"), 32<<20)
	for length := range suite.ARS { // however it is asked for, it is one document for the same towns
		require.Equal(t, http.StatusOK, get(t, p, http.MethodGet, "?ars="+suite.ARS[:length]).status)
	}
	require.LessOrEqual(t, metric(t, p, "nelke_cache_fills_total")-before, 1+16+1+2)
}

func metric(t testing.TB, p *suite.Process, name string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/metrics", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	for line := range strings.SplitSeq(string(body), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return number(t, value)
		}
	}
	require.Fail(t, "no metric "+name)
	return 0
}
