package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nelke/internal/cache"
	"nelke/internal/job"
	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/internal/tracing"
	"nelke/internal/visit"
	"nelke/internal/webhook"
)

// parts are what every command works with: the portal, and what it stands on.
type parts struct {
	cfg   Config
	log   *slog.Logger
	now   func() time.Time // the clock that rules the database, as the process measures it
	store *store.Store
	redis redis.UniversalClient // nil: none
	hub   *live.Hub
	relay *live.Relay // nil without Redis
	cache *cache.Cache
	jobs  *job.Client

	visits   *visit.Counter
	webhooks *webhook.Client // nil: partners aren't called
	portal   *portal.Portal
	payments *payments // nil until an address is known

	tracer   *tracing.Tracer // nil: off
	endRelay func()
}

// openParts opens the database and whatever else is configured. A Redis that is down doesn't matter, a database does.
func openParts(ctx context.Context, cfg Config, workers bool) (_ *parts, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	p := &parts{cfg: cfg, log: cfg.logger(), hub: live.NewHub(), endRelay: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make NELKE_DATA: %w", err)
	}
	lockWait := time.Minute // of commands, which also have no requests to trace
	if workers {
		lockWait = 0
		if p.tracer, err = cfg.tracer(ctx, p.log); err != nil {
			return nil, err
		}
	}
	p.store, err = store.Open(ctx, store.Config{
		DatabaseURL: cfg.DatabaseURL, DataDir: cfg.Data, MaxConns: cfg.MaxConns, Clock: cfg.Options.Clock,
		Process: cfg.clock(), Tracer: p.tracer, LockWait: lockWait,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.database(), err)
	}
	p.now = p.store.Clock
	if err := p.openRedis(ctx); err != nil {
		return nil, err
	}
	p.cache = cache.New(cache.Config{
		Hub: p.hub, Relay: p.relay, Bytes: uint64(cfg.CacheBytes / 2), Version: cfg.version(), Now: p.now, Gone: store.Unavailable, Late: store.Late,
	})
	p.jobs, err = job.New(p.store, job.Options{
		Workers: workers, NoSweepers: !cfg.Sweepers, Logger: p.log, Clock: cfg.Options.Clock, Tracer: p.tracer,
	})
	if err != nil {
		return nil, err
	}
	if err := p.openWebhooks(); err != nil {
		return nil, err
	}
	p.visits = p.countVisits()
	p.portal = portal.New(p.options())
	return p, nil
}

// options are what every portal is made of. Nothing can be paid with them alone.
func (p *parts) options() portal.Options {
	return portal.Options{
		Store: p.store, Hub: p.hub, Cache: p.cache, Jobs: p.jobs, Clock: p.now, Log: p.log,
		Webhooks: p.webhooks, Visits: p.visits,
		Limits: p.cfg.limits(p.redis),
	}
}

// openWebhooks makes what calls partners, where there is a key to keep their secrets under.
func (p *parts) openWebhooks() (err error) {
	options := p.cfg.Options.Webhooks
	options.Local, options.Around = p.cfg.WebhookLocal, p.tracer.Outward
	switch {
	case p.cfg.WebhookKey != "":
		options.Seal, err = webhook.NewSeal(p.cfg.WebhookKey)
	case p.cfg.Demo:
		options.Seal, err = webhook.OpenSeal(filepath.Join(p.cfg.Data, "webhook-key"), func() string { return rand.Text() + rand.Text() })
	default:
		return nil
	}
	if err == nil {
		p.webhooks = webhook.NewClient(options)
	}
	return err
}

func (p *parts) openRedis(ctx context.Context) (err error) {
	if p.cfg.RedisURL == "" {
		return nil
	}
	if p.redis, err = live.Open(p.cfg.RedisURL); err != nil {
		return err
	}
	live.Trace(p.redis, p.tracer)
	p.relay = live.NewRelay(p.redis, p.hub, live.RelayConfig{Prefix: p.cfg.RedisPrefix, Log: p.log})
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { _ = p.relay.Run(ctx) }) // its error is that of its context
	p.endRelay = func() {
		cancel()
		running.Wait()
	}
	return nil
}

// close ends what openParts began, and what came later: webhooks under way, the relay, which sends what is left, then
// Redis, then the database, and at last the tracer, with the spans of all that.
func (p *parts) close() error {
	if p.payments != nil {
		p.payments.stop()
	}
	p.endRelay()
	var errs []error
	if p.cache != nil {
		p.cache.Close()
	}
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	p.endTraces()
	return errors.Join(errs...)
}

// migrate brings the database into form where that is this process's business: the embedded one, and the demo's.
// Elsewhere several processes share it, old and new ones during a roll-out, so it is done once, before.
func (p *parts) migrate(ctx context.Context) error {
	if p.cfg.DatabaseURL == "" || p.cfg.Demo {
		return p.store.Migrate(ctx)
	}
	n, err := p.store.Pending(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%d migrations of the database are pending: run nelke migrate", n)
	}
	return nil
}

// clock is the process's own, or a test's.
func (c Config) clock() func() time.Time {
	switch {
	case c.Options.Clock != nil:
		return c.Options.Clock
	case c.Options.ProcessClock != nil:
		return c.Options.ProcessClock
	default:
		return time.Now
	}
}

func (c Config) version() string {
	if c.Options.Version != "" {
		return c.Options.Version
	}
	return "dev"
}

// logger writes to stderr, and names the request in whatever is logged while it is served.
func (c Config) logger() *slog.Logger {
	if c.Options.Logger != nil {
		return slog.New(withRequest{c.Options.Logger.Handler()})
	}
	var options slog.HandlerOptions
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by Check
	options.Level = level
	var handler slog.Handler = slog.NewJSONHandler(os.Stderr, &options)
	if c.Log == "text" {
		handler = slog.NewTextHandler(os.Stderr, &options)
	}
	return slog.New(withRequest{handler})
}
