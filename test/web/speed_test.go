//go:build web

package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// TestPagesAreLight weighs every page as it is sent, and what the browser loads beside it.
func TestPagesAreLight(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	p := serve(t, suite.SQLite())
	style, script := weight(t, p.URL+asset(t, p, "style")), weight(t, p.URL+asset(t, p, "page"))
	t.Logf("style %d, script %d bytes", style, script)
	require.LessOrEqual(t, style, 25_000)
	require.LessOrEqual(t, script, 12_000)
	for _, path := range []string{"/", "/dienste", "/dienste/fuehrungszeugnis", "/termin", "/termin/zeiten?dienst=personalausweis:1", "/datenschutz", "/vorgang"} {
		html := weight(t, p.URL+path)
		t.Logf("%s: %d bytes", path, html)
		require.LessOrEqual(t, html+style+script, 60_000, path)
		if path == "/" {
			require.LessOrEqual(t, html, 10_000)
			require.LessOrEqual(t, html+script, 22_000)
		}
	}
}

func asset(t *testing.T, p *suite.Process, name string) string {
	t.Helper()
	answer, err := http.Get(p.URL + "/")
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`/static/` + name + `\.[0-9a-f]+\.[a-z]+`).Find(body)
	require.NotNil(t, found)
	return string(found)
}

// weight returns how many bytes come over the line, gzipped.
func weight(t *testing.T, address string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "gzip", answer.Header.Get("Content-Encoding"), address)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, z)
	require.NoError(t, err)
	return len(body)
}

// TestTheFirstPaintComesSoonOnABadLine loads pages cold over 1.6 Mbit/s with 150 ms for a round trip and a quarter of the CPU, and takes the median of
// five, each in a tab of its own. Nothing on them may shift.
func TestTheFirstPaintComesSoonOnABadLine(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	p := serve(t, suite.SQLite())
	for _, path := range []string{"/", "/dienste/fuehrungszeugnis", "/termin/zeiten?dienst=personalausweis:1"} {
		var paints []time.Duration
		for range 5 {
			t.Run(path, func(t *testing.T) { // which closes the tab: a slowed one takes CPU from the next
				b := open(t, p)
				call(b, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
				call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{
					Latency: 150, DownloadThroughput: 1.6e6 / 8, UploadThroughput: 0.75e6 / 8,
				}}})
				call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
				call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.shifted = 0;
				new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifted += e.value; }).observe({type: "layout-shift", buffered: true});`})
				b.visit(path).until(`performance.getEntriesByName("first-contentful-paint").length > 0`)
				paints = append(paints, seconds(eval[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)))
				b.until(`document.readyState === "complete"`)
				require.Less(t, eval[float64](b, `window.shifted`), 0.02, path)
			})
		}
		slices.Sort(paints)
		t.Logf("%s: first contentful paint %v, median %v", path, paints, paints[2])
		bar := 800 * time.Millisecond
		if !long() {
			bar = 1500 * time.Millisecond // what else the machine does counts four times
		}
		require.Less(t, paints[2], bar, path)
	}
}

// TestManyLiveChangesKeepThePageResponsive has times held and given back, ten in a second, and looks for tasks of more than 50 ms.
func TestManyLiveChangesKeepThePageResponsive(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	p := serve(t, suite.SQLite())
	b := open(t, p).visit("/termin/zeiten?dienst=reisepass:1").shows("Wann passt es Ihnen?")
	eval[any](b, `window.long = []; new PerformanceObserver(list => { for (const e of list.getEntries()) window.long.push(e.duration); }).observe({type: "longtask"}); undefined`)
	eval[any](b, `window.changes = 0; new MutationObserver(() => { window.changes++; }).observe(document.getElementById("tage").parentNode, {childList: true, subtree: true, attributes: true, characterData: true}); undefined`)
	place := p.Place()
	first, second := p.Case(), p.Case() // a time is taken once both counters are
	changes := 100
	if long() {
		changes = 1000
	}
	tick := time.NewTicker(60 * time.Millisecond)
	defer tick.Stop()
	starts := first.Starts(place, 3)
	for i := range changes / 2 {
		<-tick.C
		one := first.Hold(place, starts[i%8], suite.Key()).OK("holdSlot.appointment.id").String()
		other := second.Hold(place, starts[i%8], suite.Key()).OK("holdSlot.appointment.id").String()
		<-tick.C
		first.On("releaseHold", one, suite.Key()).OK("releaseHold.appointment.id")
		second.On("releaseHold", other, suite.Key()).OK("releaseHold.appointment.id")
	}
	b.until(`window.changes > 20`)
	require.Empty(t, eval[[]float64](b, `window.long`), "tasks of more than 50 ms after %d changes", changes)
}
