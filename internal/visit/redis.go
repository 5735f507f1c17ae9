package visit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// InRedis has the days of all processes on one Redis, which forgets each when it is over.
type InRedis struct {
	client redis.UniversalClient
	prefix string
	now    func() time.Time

	mu    sync.Mutex
	salts map[string][]byte // by day
}

// NewInRedis makes days under keys that begin with prefix. now is the clock by which days end.
func NewInRedis(client redis.UniversalClient, prefix string, now func() time.Time) *InRedis {
	return &InRedis{client: client, prefix: "{" + prefix + "}:visits:", now: now, salts: map[string][]byte{}}
}

// left returns how long Redis keeps what is of a day.
func (r *InRedis) left(day string) time.Duration { return max(time.Minute, over(day).Sub(r.now())) }

// Salt implements Days. The first process that asks makes the salt.
func (r *InRedis) Salt(ctx context.Context, day string) ([]byte, error) {
	r.mu.Lock()
	salt := r.salts[day]
	r.mu.Unlock()
	if salt != nil {
		return salt, nil
	}
	key := r.prefix + "salt:" + day
	if err := r.client.SetNX(ctx, key, newSalt(), r.left(day)).Err(); err != nil {
		return nil, err
	}
	salt, err := r.client.Get(ctx, key).Bytes()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.salts[day] = salt
	return salt, nil
}

// Forget implements Days.
func (r *InRedis) Forget() {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.salts, func(day string, _ []byte) bool { return !now.Before(over(day)) })
}

// Add implements Days.
func (r *InRedis) Add(ctx context.Context, day, set string, marks []Mark) (int, error) {
	sum := sha256.Sum256([]byte(set))
	key := r.prefix + day + ":" + hex.EncodeToString(sum[:16])
	members := make([]any, len(marks))
	for i, mark := range marks {
		members[i] = string(mark[:])
	}
	pipe := r.client.TxPipeline()
	added := pipe.SAdd(ctx, key, members...)
	pipe.Expire(ctx, key, r.left(day))
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	return int(added.Val()), nil
}
