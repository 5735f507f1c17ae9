// Package portal is the portal: every operation of the service, and the only code that writes. An operation authorises,
// changes state once in one transaction with the events and jobs that belong to it, and speaks to the world after the
// commit.
package portal

import (
	"context"
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/store"
	"nelke/internal/visit"
	"nelke/internal/webhook"
)

// Jobs are done later, by whichever process gets to them. They are rows of the transaction that enqueues them.
type Jobs interface {
	// ExpireHoldAt ends a hold that was not booked.
	ExpireHoldAt(ctx context.Context, tx *sql.Tx, appointment string, at time.Time) error
	// DeliverNoticeAt enqueues a message to a person, once per key.
	DeliverNoticeAt(ctx context.Context, tx *sql.Tx, subject, kind, key string, at time.Time) error
	// TendDraftAt looks after a draft: warns of its end, or ends it.
	TendDraftAt(ctx context.Context, tx *sql.Tx, application string, at time.Time) error
	// SettlePaymentAt does what the state of a payment calls for by then.
	SettlePaymentAt(ctx context.Context, tx *sql.Tx, payment string, at time.Time) error
	// SendWebhooksAt enqueues a call to an endpoint with what has changed.
	SendWebhooksAt(ctx context.Context, tx *sql.Tx, endpoint string, at time.Time) error
}

// Options are what a Portal works with. Clock is for reads (writes ask the database); Rand breaks ties between equally
// good counters and varies pauses between attempts, as rand.IntN does, which it is unless given.
type Options struct {
	Store  *store.Store
	Hub    *live.Hub
	Cache  *cache.Cache
	Jobs   Jobs
	Limits Limits

	// Webhooks makes the calls to partners; nil: none are made.
	Webhooks *webhook.Client

	// Visits counts page views; nil: they aren't counted.
	Visits *visit.Counter

	// Provider takes money; nil: nothing can be paid. ReturnURL is the address of ours at which the payer's browser comes
	// back, and Pages are the origins that it may be sent on to ("*": any).
	Provider  Provider
	ReturnURL func(payment string) string
	Pages     []string

	Clock func() time.Time
	Rand  func(n int) int
	Log   *slog.Logger
}

// Portal is every operation of the service. It is safe for concurrent use.
type Portal struct {
	*catalogue.Reader

	store     *store.Store
	hub       *live.Hub
	cache     *cache.Cache
	jobs      Jobs
	limits    Limits
	lines     lines
	seats     seats
	visits    *visit.Counter
	webhooks  *webhook.Client
	provider  Provider
	returnURL func(payment string) string
	pages     []string
	forms     sync.Map // id of a form to its *form.Schema; as many as were imported
	asking    sync.Map // id of a payment of which the provider is asked, because the payer came back
	papers    sync.Pool
	clock     func() time.Time
	rand      func(n int) int
	log       *slog.Logger
}

// New makes a Portal.
func New(o Options) *Portal {
	if o.Rand == nil {
		o.Rand = rand.IntN
	}
	return &Portal{
		Reader: catalogue.New(o.Store, o.Cache, o.Clock),
		store:  o.Store, hub: o.Hub, cache: o.Cache, jobs: o.Jobs, limits: o.Limits,
		lines: lines{by: map[string]*line{}}, seats: seats{taken: map[string]int{}, most: o.Limits.NetworkQueue},
		visits: o.Visits, webhooks: o.Webhooks, provider: o.Provider, returnURL: o.ReturnURL, pages: o.Pages,
		papers: sync.Pool{New: func() any { return new(paper) }},
		clock:  o.Clock, rand: o.Rand, log: o.Log,
	}
}

// depend notes, for those who watch what is read in this context, that it depends on the keys, and at the latest until
// the instant (zero: no bound). It comes before the reading.
func (p *Portal) depend(ctx context.Context, until time.Time, keys ...live.Key) {
	p.cache.Depend(ctx, until, keys...)
}
