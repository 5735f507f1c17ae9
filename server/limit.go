package server

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/memory"
	redisstore "github.com/ulule/limiter/v3/drivers/store/redis"
)

const (
	limitPeriod   = time.Hour
	limitPatience = 100 * time.Millisecond // for Redis to count, and once in all to load what it counts with
)

// openings counts the cases that each network opens, in Redis for all processes together. While Redis doesn't answer
// in time, each process counts for itself: nobody waits, and nobody is let in without a limit. A network may then
// open as many at each process, and once more when Redis is back.
type openings struct {
	rate     limiter.Rate
	prefix   string
	client   redis.UniversalClient // nil: none
	patience time.Duration
	now      func() time.Time

	loading sync.Mutex // held while shared is made

	mu     sync.Mutex
	shared limiter.Store // nil until Redis answered once
	own    limiter.Store
	until  time.Time // when own is begun anew
}

func newOpenings(client redis.UniversalClient, prefix string, perHour int, now func() time.Time) *openings {
	return &openings{
		rate:   limiter.Rate{Period: limitPeriod, Limit: int64(perHour)},
		prefix: "{" + prefix + "}:openings", client: client, patience: limitPatience, now: now,
	}
}

// Take implements portal.Limiter. It has no errors.
func (o *openings) Take(ctx context.Context, network string) (wait time.Duration, err error) {
	if shared := o.inRedis(); shared != nil {
		ctx, cancel := context.WithTimeout(ctx, o.patience)
		defer cancel()
		if state, err := shared.Get(ctx, network, o.rate); err == nil {
			return o.wait(state), nil
		}
	}
	state, err := o.inMemory().Get(ctx, network, o.rate)
	if err != nil {
		return 0, err
	}
	return o.wait(state), nil
}

func (o *openings) wait(state limiter.Context) time.Duration {
	if !state.Reached {
		return 0
	}
	return max(time.Second, time.Unix(state.Reset, 0).Sub(o.now()))
}

// inMemory is begun anew every hour, which forgets those who don't come any more. The library's own way of forgetting
// is a goroutine that only the garbage collector ends.
func (o *openings) inMemory() limiter.Store {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.now(); !now.Before(o.until) {
		o.own = memory.NewStoreWithOptions(limiter.StoreOptions{Prefix: o.prefix})
		o.until = now.Add(limitPeriod)
	}
	return o.own
}

// inRedis is nil without Redis, and until Redis was there once: the store loads its scripts when it is made. One
// caller at a time tries that, the others don't wait for it.
func (o *openings) inRedis() limiter.Store {
	if o.client == nil {
		return nil
	}
	if shared := o.made(nil); shared != nil || !o.loading.TryLock() {
		return shared
	}
	defer o.loading.Unlock()
	shared, err := redisstore.NewStoreWithOptions(impatient{o.client, o.patience / 2}, limiter.StoreOptions{Prefix: o.prefix})
	if err != nil {
		return nil
	}
	return o.made(shared)
}

// made is the store in Redis, set by the first one given.
func (o *openings) made(store limiter.Store) limiter.Store {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shared == nil {
		o.shared = store
	}
	return o.shared
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
