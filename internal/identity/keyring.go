package identity

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// keysFresh is how long fetched keys are used unasked. Then they are fetched again, so that a withdrawn key ends.
	keysFresh = 10 * time.Minute
	// keysEnd is how long they are used while the issuer can't be asked. Then a key that it may have withdrawn long ago
	// proves nothing any more.
	keysEnd = 24 * time.Hour
	// renewalPatience is how long whoever finds the keys old waits for new ones. The fetch goes on behind it.
	renewalPatience = 200 * time.Millisecond
	// refetchAfter is how soon an unknown key id may lead to the next fetch. Without it, whoever invents key ids
	// makes us flood the issuer.
	refetchAfter = 5 * time.Second
	// retryAfter is how long a failed fetch is taken to fail for everybody. Without it, every request to us waits for
	// the full timeout while the issuer is down.
	retryAfter = time.Second
	// maxKeysBytes bounds the answer of the issuer.
	maxKeysBytes = 1 << 20
)

// keyring holds the issuer's public keys. go-oidc has one too, but it asks the issuer for each bad signature, and
// its errors don't tell a bad signature from an issuer that is down.
type keyring struct {
	config Config
	// fetching is held by the one who fetches. A channel, so that waiting for it ends with the waiter's context.
	fetching chan struct{}
	renewing sync.WaitGroup // fetches that nobody waits for

	mu      sync.Mutex
	url     string // of the key set; empty until discovered
	keys    []jose.JSONWebKey
	fetched time.Time
	failed  time.Time
	failure error
}

func newKeyring(config Config) *keyring {
	return &keyring{config: config, url: config.KeysURL, fetching: make(chan struct{}, 1)}
}

// find returns the public keys with this id, or all of them for an empty id. It fetches when it must: none yet, too
// old, or the id is new, which is how a rotated key shows. Old ones do for a day while the issuer can't be asked. No key is no error: nothing verifies with it.
//
// Errors: ErrIdentityUnavailable.
func (k *keyring) find(ctx context.Context, id string) ([]crypto.PublicKey, error) {
	keys, ok, failure := k.known(id)
	if ok {
		return keys, nil
	}
	if len(keys) > 0 {
		if failure == nil {
			k.renew(ctx)
			keys, _, _ = k.known(id)
		}
		return keys, nil // old keys are better than none while the issuer is down
	}
	select {
	case k.fetching <- struct{}{}:
		defer func() { <-k.fetching }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrIdentityUnavailable, ctx.Err())
	}
	keys, ok, err := k.known(id) // somebody else may have fetched meanwhile
	if ok {
		return keys, nil
	}
	if err == nil {
		err = k.fetch(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentityUnavailable, err)
	}
	keys, _, _ = k.known(id)
	return keys, nil
}

// renew fetches the keys, unless somebody does already, and waits for them for a moment: an issuer that answers is believed
// at once, and one that hangs holds nobody up.
func (k *keyring) renew(ctx context.Context) {
	select {
	case k.fetching <- struct{}{}:
	default:
		return
	}
	done := make(chan struct{})
	k.renewing.Go(func() {
		defer func() {
			<-k.fetching
			close(done)
		}()
		_ = k.fetch(ctx) // it is noted
	})
	patience := time.NewTimer(renewalPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// known returns the matching keys in hand, whether they will do without a fetch, and the error of a fetch that
// failed just now.
func (k *keyring) known(id string) (keys []crypto.PublicKey, ok bool, failure error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	if now.Sub(k.fetched) >= keysEnd {
		k.keys = nil
	}
	for _, key := range k.keys {
		if id == "" || key.KeyID == id {
			keys = append(keys, key.Key)
		}
	}
	if now.Sub(k.failed) < retryAfter {
		failure = k.failure
	}
	age := now.Sub(k.fetched)
	return keys, !k.fetched.IsZero() && (len(keys) > 0 && age < keysFresh || age < refetchAfter), failure
}

// fetch gets the keys, after discovery when that is still due. It goes on when the caller goes away: others wait
// for the result, and a caller who hangs up must not look like an issuer that is down.
func (k *keyring) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.config.Timeout)
	defer cancel()

	k.mu.Lock()
	url := k.url
	k.mu.Unlock()
	var keys []jose.JSONWebKey
	var err error
	if url == "" {
		url, err = k.discover(ctx)
	}
	if err == nil {
		keys, err = k.download(ctx, url)
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.failed, k.failure = k.config.Now(), err
		if k.config.KeysURL == "" {
			k.url = "" // the issuer may have moved its keys
		}
		return err
	}
	k.url, k.keys, k.fetched = url, keys, k.config.Now()
	k.failed, k.failure = time.Time{}, nil
	return nil
}

func (k *keyring) discover(ctx context.Context) (string, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.config.Client), k.config.Issuer)
	if err != nil {
		return "", fmt.Errorf("discover %s: %w", k.config.Issuer, err)
	}
	var found struct {
		KeysURL string `json:"jwks_uri"`
	}
	if err := provider.Claims(&found); err != nil {
		return "", fmt.Errorf("discover %s: %w", k.config.Issuer, err)
	}
	return found.KeysURL, nil
}

func (k *keyring) download(ctx context.Context, url string) (_ []jose.JSONWebKey, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("fetch keys from %s: %w", url, err)
		}
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := k.config.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", response.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxKeysBytes)).Decode(&set); err != nil {
		return nil, err
	}
	return publicKeys(set.Keys), nil
}

// publicKeys leaves out what can't check a signature: kinds of keys that we don't know (RFC 7517, section 5, says
// to ignore them), keys for encryption, and secret keys, which must not be there at all.
func publicKeys(raw []json.RawMessage) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, data := range raw {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(data) == nil && key.Valid() && key.IsPublic() && key.Use != "enc" {
			keys = append(keys, key)
		}
	}
	return keys
}
