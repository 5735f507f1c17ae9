package live

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// clusterMapAge is how old the map of a cluster may be. A node that died says nothing of who took its place, so the map has
// to be asked for; go-redis would wait a minute.
const clusterMapAge = time.Second

// Open returns a client for a Redis URL: redis://, rediss:// or unix:// for one server, with ?addr=host:port (again
// for each further node) for a cluster, with ?master_name=… and ?addr=… for Sentinel. It connects at the first
// command, not here.
//
// Whatever the URL says, commands obey their context's deadline, and one that has none waits a second at most: Redis
// makes things faster, so nobody waits long for it. The error doesn't repeat the URL, which may hold a password.
func Open(raw string) (redis.UniversalClient, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("live: open: not a URL")
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled} // one round trip less per connection
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(raw)
		if err != nil {
			return nil, fmt.Errorf("live: open sentinel at %s: %w", u.Host, err)
		}
		o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries = true, 1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
		return redis.NewFailoverClient(o), nil
	case q.Has("addr"):
		o, err := redis.ParseClusterURL(raw)
		if err != nil {
			return nil, fmt.Errorf("live: open cluster at %s: %w", u.Host, err)
		}
		o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries = true, 1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
		o.MaintNotificationsConfig = quiet
		o.ClusterStateReloadInterval = clusterMapAge
		return redis.NewClusterClient(o), nil
	default:
		o, err := redis.ParseURL(raw)
		if err != nil {
			return nil, fmt.Errorf("live: open %s: %w", u.Host, err)
		}
		o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries = true, 1, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
		o.MaintNotificationsConfig = quiet
		return redis.NewClient(o), nil
	}
}
