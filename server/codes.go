package server

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// maxCodes bounds the values of a label. Codes are this program's own words, of which there are fewer.
const maxCodes = 200

// codes is a counter by code. A code beyond the first 200, or one that isn't written as codes are, counts as "other".
type codes struct {
	counters *prometheus.CounterVec
	mu       sync.Mutex
	known    map[string]prometheus.Counter
}

func newCodes(name, help string) *codes {
	return &codes{
		counters: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"code"}),
		known:    map[string]prometheus.Counter{},
	}
}

func (c *codes) count(code string) {
	c.mu.Lock()
	counter := c.known[code]
	if counter == nil {
		if len(c.known) >= maxCodes || !isCode(code) {
			code = "other"
		}
		counter = c.counters.WithLabelValues(code)
		c.known[code] = counter
	}
	c.mu.Unlock()
	counter.Inc()
}

// isCode reports whether a text is written as codes are: capitals, digits and underscores, at most fifty.
func isCode(code string) bool {
	for _, c := range []byte(code) {
		if c-'A' > 25 && c-'0' > 9 && c != '_' {
			return false
		}
	}
	return code != "" && len(code) <= 50
}
