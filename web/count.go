package web

import (
	"context"
	"net/http"
	"time"

	"nelke/web/api"
)

const (
	// mostCounts is how many views wait to be counted. More are left out: figures are for those who improve the pages, and no page waits
	// for them.
	mostCounts = 1000
	// countPatience is how long the graph may take to count one.
	countPatience = 5 * time.Second
	// countsAtOnce is how many are counted before a pause of countPause: 1,000 a second at most, so that counting doesn't take the processor
	// from pages that are asked for by the thousand.
	countsAtOnce = 10
	countPause   = 10 * time.Millisecond
)

// look is a page that somebody looked at. The zero value isn't counted.
type look struct {
	page    api.VisitPage
	service *string // id of the service that the page is about; nil: none
}

// counting is a look that waits to be counted, with what the graph needs of the request.
type counting struct {
	look
	town string
	from *http.Request
}

// count has the view of this page counted, once it was shown.
func (v *visit) count() {
	if !v.sent || v.look.page == "" || v.slug == "" || v.r.Method != http.MethodGet || len(v.site.counts) == mostCounts {
		return
	}
	from := &http.Request{RemoteAddr: v.r.RemoteAddr, Header: http.Header{}}
	for _, name := range []string{"X-Forwarded-For", "User-Agent"} {
		if sent := v.r.Header.Values(name); len(sent) > 0 {
			from.Header[name] = sent
		}
	}
	select {
	case v.site.counts <- counting{v.look, v.slug, from}:
	default:
	}
}

// countViews counts views one after the other, until the site stops.
func (s *Site) countViews() {
	defer close(s.counted)
	for n := 1; ; n++ {
		if n%countsAtOnce == 0 {
			select {
			case <-s.ended.Done():
				return
			case <-time.After(countPause):
			}
		}
		select {
		case <-s.ended.Done():
			return
		case next := <-s.counts:
			ctx, cancel := context.WithTimeout(s.ended, countPatience)
			c := &client{carrier: s.cfg.Graph, endpoint: s.graph, from: next.from, language: "de"}
			if _, err := api.CountVisit(ctx, c, next.town, next.service, next.page); err != nil && ctx.Err() == nil {
				s.cfg.Log.DebugContext(ctx, "a view isn't counted", "err", err)
			}
			cancel()
		}
	}
}
