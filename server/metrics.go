package server

import (
	"context"
	"math"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nelke/internal/cache"
	"nelke/internal/identity"
	"nelke/internal/wire"
)

// metrics are what Prometheus reads. Each server has its own registry, so that tests may run several.
type metrics struct {
	registry      *prometheus.Registry
	classes       [6]prometheus.Counter // of status codes: 2 is 2xx
	seconds       map[string]prometheus.Observer
	keptHits      prometheus.Counter
	keptFills     prometheus.Counter
	subscriptions prometheus.Gauge
	errors        *codes
	problems      *codes
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), seconds: map[string]prometheus.Observer{}}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nelke_http_requests_total", Help: "Requests answered, by class of status.",
	}, []string{"code"})
	for i, class := range []string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		m.classes[i] = requests.WithLabelValues(class)
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "nelke_operation_duration_seconds", Help: "Operations executed, and answers served from memory, by type.",
		Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"type"})
	for _, kind := range []string{"query", "mutation", "kept"} {
		m.seconds[kind] = seconds.WithLabelValues(kind)
	}
	m.keptHits = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nelke_answers_hits_total", Help: "Whole answers served from memory.",
	})
	m.keptFills = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nelke_answers_fills_total", Help: "Whole answers put into memory.",
	})
	m.subscriptions = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nelke_subscriptions_open", Help: "Subscriptions that run now.",
	})
	m.errors = newCodes("nelke_errors_total", "Errors in answers and messages, refusals before execution included, by code.")
	m.problems = newCodes("nelke_problems_total", "Problems that kept a mutation from taking place, by code.")
	m.registry.MustRegister(requests, seconds, m.errors.counters, m.problems.counters, m.keptHits, m.keptFills, m.subscriptions,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

func (m *metrics) answered(status int) { m.classes[min(max(status/100, 0), 5)].Inc() }

func (m *metrics) executed(kind string, took time.Duration) { m.seconds[kind].Observe(took.Seconds()) }
func (m *metrics) filled()                                  { m.keptFills.Inc() }
func (m *metrics) served(took time.Duration) {
	m.keptHits.Inc()
	m.seconds["kept"].Observe(took.Seconds())
}

// watch adds what the parts count by themselves.
func (m *metrics) watch(p *parts, answers *cache.Answers, streams *wire.Streams, transit *wire.Transit, verifier *identity.Verifier) {
	m.registry.MustRegister(jobCounts{p}, // the waiting time of a pool is go_sql_wait_duration_seconds_total
		collectors.NewDBStatsCollector(p.store.WriteDB(), "write"), collectors.NewDBStatsCollector(p.store.ReadDB(), "read"),
		collectors.NewDBStatsCollector(p.store.JobDB(), "jobs"))
	m.gauge("nelke_database_clock_ahead_seconds", "By how much the database's clock was ahead of the process's when measured last.", func() float64 { return p.store.Skew().Seconds() })
	m.gauge("nelke_stream_bytes", "Memory that open streams and what they subscribe to take, about.", func() float64 { return float64(streams.Bytes()) })
	m.gauge("nelke_transit_bytes", "Memory that requests on their way in and answers on their way out take, about.", func() float64 { return float64(transit.Bytes()) })
	m.gauge("nelke_streams_open", "WebSocket connections and event streams that are open now.", func() float64 { return float64(streams.Open()) })
	m.gauge("nelke_answers_bytes", "Memory of kept answers.", func() float64 { return float64(answers.Bytes()) })
	m.gauge("nelke_cache_bytes", "Memory of remembered values.", func() float64 { return float64(p.cache.Stats().Bytes) })
	m.counter("nelke_cache_hits_total", "Values served from memory.", func() uint64 { return p.cache.Stats().Hits })
	m.counter("nelke_cache_joined_total", "Values served by a fill under way.", func() uint64 { return p.cache.Stats().Joined })
	m.counter("nelke_cache_fills_total", "Values read from the database.", func() uint64 { return p.cache.Stats().Fills })
	m.counter("nelke_cache_outlived_total", "Values of the catalogue served from memory because the database couldn't be asked.", func() uint64 { return p.cache.Stats().Outlived })
	m.counter("nelke_cache_second_hits_total", "Values served from Redis.", func() uint64 { return p.cache.Stats().SecondHits })
	m.counter("nelke_cache_second_failed_total", "Values that Redis didn't answer in time.", func() uint64 { return p.cache.Stats().Failed })
	m.counter("nelke_cache_second_skipped_total", "Values that Redis wasn't asked for.", func() uint64 { return p.cache.Stats().Skipped })
	m.counter("nelke_ignored_roles_total", "Entries of roles in tokens of staff that aren't ROLE@ARS: many, where NELKE_ROLES_CLAIM names another claim.", func() uint64 { return uint64(verifier.IgnoredRoles()) })
	m.gauge("nelke_unknown_payments", "Money that the payment provider has taken and that no payment explains: nelke audit lists it.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), pingPatience)
		defer cancel()
		unknown, err := p.portal.UnknownPayments(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(len(unknown))
	})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nelke_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": p.cfg.version()},
	})
	build.Set(1)
	m.registry.MustRegister(build)
	if p.tracer != nil {
		m.counter("nelke_spans_delivered_total", "Spans that the collector of traces took.", p.tracer.Delivered)
		m.counter("nelke_spans_lost_total", "Spans that the collector of traces was sent and didn't take.", p.tracer.Lost)
	}
	if p.relay == nil {
		return
	}
	m.gauge("nelke_relay_heard", "Whether nudges of other processes reach this one: 1 or 0.", func() float64 {
		if p.relay.Heard() {
			return 1
		}
		return 0
	})
	m.gauge("nelke_relay_takes_writes", "Whether Redis took the last write: 1 or 0.", func() float64 {
		if p.relay.Takes() {
			return 1
		}
		return 0
	})
	m.counter("nelke_relay_published_total", "Messages to other processes.", func() uint64 { return p.relay.Stats().Published })
	m.counter("nelke_relay_received_total", "Messages from other processes.", func() uint64 { return p.relay.Stats().Received })
	m.counter("nelke_relay_failed_total", "Attempts that failed.", func() uint64 { return p.relay.Stats().Failed })
	m.counter("nelke_relay_reconnects_total", "Times that the channel was lost and found.", func() uint64 { return p.relay.Stats().Reconnects })
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *metrics) counter(name, help string, value func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
		func() float64 { return float64(value()) }))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// localOnly answers to this machine itself and to nobody who comes through a proxy. To others the thing isn't there.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip, parseErr := netip.ParseAddr(host)
		if err != nil || parseErr != nil || !ip.Unmap().IsLoopback() || r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// jobCounts shows what became of jobs, by kind.
type jobCounts struct{ parts *parts }

func (jobCounts) desc() *prometheus.Desc {
	return prometheus.NewDesc("nelke_jobs_total", "Attempts at jobs, by kind and outcome; given_up ones have failed, too.", []string{"kind", "outcome"}, nil)
}

// Describe implements prometheus.Collector.
func (j jobCounts) Describe(to chan<- *prometheus.Desc) { to <- j.desc() }

// Collect implements prometheus.Collector.
func (j jobCounts) Collect(to chan<- prometheus.Metric) {
	for kind, n := range j.parts.jobs.Counts() {
		for outcome, count := range map[string]uint64{"done": n.Done, "failed": n.Failed, "given_up": n.GivenUp} {
			to <- prometheus.MustNewConstMetric(j.desc(), prometheus.CounterValue, float64(count), kind, outcome)
		}
	}
}
