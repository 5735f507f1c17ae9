package server

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/memory"
	redisstore "github.com/ulule/limiter/v3/drivers/store/redis"

	"nelke/internal/portal"
)

const limitPatience = 100 * time.Millisecond // for Redis to count, and once in all to load what it counts with

// limits count what networks and cases do, in Redis for all processes together. While Redis doesn't answer in time, each
// process counts for itself: nobody waits, and nobody is let in without a limit. Somebody may then do as much at each
// process, and once more when Redis is back.
type limits struct {
	client   redis.UniversalClient // nil: none
	prefix   string
	patience time.Duration
	now      func() time.Time

	loading sync.Mutex // held while shared is made

	mu     sync.Mutex
	shared limiter.Store // nil until Redis answered once
}

func newLimits(client redis.UniversalClient, prefix string, now func() time.Time) *limits {
	return &limits{client: client, prefix: "{" + prefix + "}:limits", patience: limitPatience, now: now}
}

// per is a limit of so many within a period; nil, which limits nothing, where the number is 0.
func (l *limits) per(name string, period time.Duration, number int) portal.Limiter {
	if number == 0 {
		return nil
	}
	return &rate{limits: l, name: name + ":", period: period, number: number}
}

// rate is one of the limits.
type rate struct {
	*limits
	name   string
	period time.Duration
	number int

	mu    sync.Mutex
	own   limiter.Store
	until time.Time // when own is begun anew
}

// Take implements portal.Limiter. It has no errors.
func (r *rate) Take(ctx context.Context, key string, times int) (time.Duration, error) {
	state, err := r.ask(ctx, key, times, limiter.Store.Get)
	if err != nil || !state.Reached {
		return 0, err
	}
	return r.left(state), nil
}

// Full implements portal.Limiter. It has no errors.
func (r *rate) Full(ctx context.Context, key string, times int) (time.Duration, error) {
	state, err := r.ask(ctx, key, times, limiter.Store.Peek)
	if err != nil || state.Remaining > 0 {
		return 0, err
	}
	return r.left(state), nil
}

func (r *rate) ask(
	ctx context.Context, key string, times int, what func(limiter.Store, context.Context, string, limiter.Rate) (limiter.Context, error),
) (limiter.Context, error) {
	most := limiter.Rate{Period: r.period, Limit: int64(r.number * times)}
	if shared := r.inRedis(); shared != nil {
		patient, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		if state, err := what(shared, patient, r.name+key, most); err == nil {
			return state, nil
		}
	}
	return what(r.inMemory(), ctx, r.name+key, most)
}

// left is a second more than what is left of the period: its end is known to the second, cut off.
func (l *limits) left(state limiter.Context) time.Duration {
	return max(0, time.Unix(state.Reset, 0).Sub(l.now())) + time.Second
}

// inMemory is begun anew with every period, which forgets those who don't come any more. The library's own way of
// forgetting is a goroutine that only the garbage collector ends.
func (r *rate) inMemory() limiter.Store {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); !now.Before(r.until) {
		r.own = memory.NewStoreWithOptions(limiter.StoreOptions{Prefix: r.prefix})
		r.until = now.Add(r.period)
	}
	return r.own
}

// inRedis is nil without Redis, and until Redis was there once: the store loads its scripts when it is made. One
// caller at a time tries that, the others don't wait for it.
func (l *limits) inRedis() limiter.Store {
	if l.client == nil {
		return nil
	}
	if shared := l.made(nil); shared != nil || !l.loading.TryLock() {
		return shared
	}
	defer l.loading.Unlock()
	shared, err := redisstore.NewStoreWithOptions(impatient{l.client, l.patience / 2}, limiter.StoreOptions{Prefix: l.prefix})
	if err != nil {
		return nil
	}
	return l.made(shared)
}

// made is the store in Redis, set by the first one given.
func (l *limits) made(store limiter.Store) limiter.Store {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared == nil {
		l.shared = store
	}
	return l.shared
}

// impatient gives the loading of a script, for which the library sets no deadline, a short one.
type impatient struct {
	redis.UniversalClient
	patience time.Duration
}

// ScriptLoad loads a script.
func (c impatient) ScriptLoad(ctx context.Context, script string) *redis.StringCmd {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	return c.UniversalClient.ScriptLoad(ctx, script)
}

// limits are those that a configuration names.
func (c Config) limits(client redis.UniversalClient) portal.Limits {
	const minute, day = time.Minute, 24 * time.Hour
	l := newLimits(client, c.RedisPrefix, time.Now)
	return portal.Limits{
		Openings:      l.per("openings", time.Hour, c.OpeningsPerHour),
		Holds:         l.per("holds", time.Hour, c.HoldsPerHour),
		Bookings:      l.per("bookings", day, c.BookingsPerDay),
		NetworkWrites: l.per("writes", minute, c.NetworkWritesPerMinute),
		CaseWrites:    l.per("case", minute, c.CaseWritesPerMinute),
		Contacts:      l.per("contacts", day, c.ContactsPerDay),
		Feedback:      l.per("feedback", time.Hour, c.OpeningsPerHour),
		Visits:        l.per("visits", minute, c.NetworkWritesPerMinute),
		Pings:         l.per("pings", time.Hour, c.OpeningsPerHour),
		Appointments:  c.AppointmentsPerCase,
		CaseQueue:     c.CaseQueue,
		NetworkQueue:  c.NetworkQueue,
	}
}

// Unlimited takes away every limit on what callers may do but the largest number of openings: for measurements and tests
// that are about something else.
func (c *Config) Unlimited() {
	c.OpeningsPerHour = 1 << 30
	c.HoldsPerHour, c.BookingsPerDay, c.NetworkWritesPerMinute, c.CaseWritesPerMinute, c.ContactsPerDay = 0, 0, 0, 0, 0
	c.AppointmentsPerCase, c.CaseQueue, c.NetworkQueue = 0, 0, 0
}
