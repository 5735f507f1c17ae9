package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

// visitor comes from a network, as a proxy of ours says.
type visitor struct {
	*suite.Client
	network string
}

func (v visitor) do(token, query string, vars suite.Vars) (*suite.Answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.Process.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", v.network)
	client := *v.Client
	client.Token = token
	return client.Send(r)
}

func (v visitor) open(key string) (*suite.Answer, error) {
	return v.do("", `mutation($in: OpenCaseInput!) { openCase(input: $in) { case { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "municipality": suite.Vars{"slug": "blomberg"}, "caseKey": key,
	}})
}

func (v visitor) begin(key, service string) (*suite.Answer, error) {
	return v.do(key, `mutation($in: StartApplicationInput!) { startApplication(input: $in) { application { id } problems { code } } }`,
		suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "service": service}})
}

// crowd is many visitors of one network who share the keys of the cases that they got.
type crowd struct {
	visitor
	service string

	mu      sync.Mutex
	keys    []string
	full    int            // how many of them take no draft more
	unsure  int            // tries whose effect is unknown
	answers map[string]int // by what was tried and what came of it
}

// attempt opens a case, or begins a draft in a case of the network's, or in one that there isn't.
func (c *crowd) attempt() error {
	key, name, try := identity.NewCaseKey(), "openCase", c.open
	c.mu.Lock()
	at := -1 // of the key
	if n := rand.IntN(4); n > 0 {
		if n > 1 && len(c.keys) > 0 {
			at = min(c.full, rand.IntN(len(c.keys))) // all of them press on the first that isn't full, and on full ones
			key = c.keys[at]
		}
		name, try = "startApplication", func(key string) (*suite.Answer, error) { return c.begin(key, c.service) }
	}
	c.mu.Unlock()
	a, err := try(key)
	if err != nil {
		return err
	}
	came := a.Problem()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.Get("errors").Exists() {
		came = a.ErrorCode()
		c.unsure++
	}
	switch {
	case came == "" && name == "openCase":
		c.keys = append(c.keys, key)
	case came == "DRAFT_LIMIT" && at == c.full:
		c.full++
	}
	c.answers[name+" "+came]++
	return nil
}

// TestACrowdGetsNoMoreThanItsShare has one network try to begin drafts as fast as it can. Everybody else is served
// meanwhile, and the network gets what the limits allow.
func TestACrowdGetsNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	attempts := int64(400)
	if os.Getenv("NELKE_PROOFS") == "long" {
		attempts = 10_000
	}
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		const openings, drafts = 60, 10
		p := suite.Serve(t, b, func(c *server.Config) { c.OpeningsPerHour, c.Proxies = openings, []string{"127.0.0.0/8"} })
		service := p.Filing("abmeldung-ins-ausland").Service
		c := &crowd{visitor: visitor{p.Anonymous(), "192.0.2.7"}, service: service, answers: map[string]int{}}

		var left atomic.Int64
		left.Store(attempts)
		failed := make(chan error, 8)
		var pushing sync.WaitGroup
		begun := time.Now()
		for range cap(failed) {
			pushing.Go(func() {
				for left.Add(-1) >= 0 {
					if err := c.attempt(); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		over := make(chan struct{})
		go func() { pushing.Wait(); close(over) }()

		var waits []time.Duration
		served := 0
		for pushed := false; !pushed; {
			select {
			case <-over:
				pushed = true
			default:
			}
			served++
			v := visitor{p.Anonymous(), fmt.Sprintf("198.51.%d.%d", served/250, served%250)}
			key := identity.NewCaseKey()
			for _, step := range []func() (*suite.Answer, error){
				func() (*suite.Answer, error) { return v.open(key) },
				func() (*suite.Answer, error) { return v.begin(key, service) },
				func() (*suite.Answer, error) {
					return v.do(key, `{ viewer { case { applications { status } } } }`, nil)
				},
			} {
				asked := time.Now()
				a, err := step()
				waits = append(waits, time.Since(asked).Round(time.Millisecond))
				require.NoError(t, err)
				require.False(t, a.Get("errors").Exists(), a.Raw)
				require.Empty(t, a.Problem(), a.Raw)
			}
		}
		took := time.Since(begun)
		close(failed)
		require.NoError(t, <-failed)
		slices.Sort(waits)
		t.Logf("%d attempts in %s: %v", attempts, took.Round(time.Millisecond), c.answers)
		half, most := waits[len(waits)/2], waits[len(waits)*99/100]
		t.Logf("%d others served: half of their answers came within %s, 99 of 100 within %s, all within %s", served, half, most, waits[len(waits)-1])
		require.Less(t, half, time.Second)
		require.Less(t, most, 10*time.Second)

		count := func(query string) (n int) {
			require.NoError(t, p.Database().QueryRowContext(t.Context(), query).Scan(&n))
			return n
		}
		cases, begunDrafts := c.answers["openCase "], c.answers["startApplication "]
		require.InDelta(t, served+cases, count(`SELECT count(*) FROM cases`), float64(c.unsure))
		require.InDelta(t, served+begunDrafts, count(`SELECT count(*) FROM applications`), float64(c.unsure))
		require.Equal(t, drafts, count(`SELECT max(n) FROM (SELECT count(*) AS n FROM applications GROUP BY case_id) AS of_case`))
		share := openings
		if b.Redis != nil {
			share *= 2 // a process counts for itself whenever Redis takes longer than a tenth of a second
		}
		require.GreaterOrEqual(t, cases, openings)
		require.LessOrEqual(t, cases, share)
		require.LessOrEqual(t, begunDrafts, cases*drafts)
		require.LessOrEqual(t, c.unsure, int(attempts/20))
	})
}
