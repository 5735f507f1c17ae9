package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/wire"
)

// askAgain is how often a token that stays in use is checked again, besides at its end: its key may have been revoked.
const askAgain = 10 * time.Second

// keyPatience is how long the database may take to say whose key that is: it is one row.
const keyPatience = 1500 * time.Millisecond

// gate decides who is calling. Whatever outlives the request that brought a token asks it again: each operation of a
// WebSocket, and streams all along.
type gate struct {
	verifier *identity.Verifier
	partners partners
	hub      *live.Hub
	now      func() time.Time
}

// partners finds the partner of a key.
type partners interface {
	// KnowsPartner reports whether a key, by its hash, opens anything.
	KnowsPartner(ctx context.Context, hash string) (bool, error)
}

// whoIs is who sent a header. A partner's key that opens nothing any more is a token that proves nothing.
func (g *gate) whoIs(ctx context.Context, authorization string) (identity.Actor, error) {
	who, err := g.verifier.Actor(ctx, authorization)
	if err != nil || who.Kind != identity.Partner {
		return who, err
	}
	ctx, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	ok, err := g.partners.KnowsPartner(ctx, who.PartnerKeyHash)
	if err == nil && !ok {
		err = identity.ErrTokenInvalid
	}
	return who, err
}

type authorizationKey struct{}

// admit puts an actor into the context, with the header that proved who it is.
func admit(ctx context.Context, who identity.Actor, authorization string) context.Context {
	return identity.WithActor(context.WithValue(ctx, authorizationKey{}, authorization), who)
}

// requests puts who is calling into the context. A token that proves nothing is refused, rather than taken for no token:
// its owner would read an empty answer and not know why.
func (g *gate) requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Values("Authorization")
		if len(sent) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		authorization := strings.Join(sent, ",")
		who, err := g.whoIs(r.Context(), authorization)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(admit(r.Context(), who, authorization)))
		case errors.Is(err, identity.ErrTokenInvalid):
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(w, r, http.StatusUnauthorized, "UNAUTHENTICATED", "The token is not valid, or no longer.")
		default:
			w.Header().Set("Retry-After", retryAfter)
			refuse(w, r, http.StatusServiceUnavailable, "UNAVAILABLE", "The token can't be checked just now. Please try again in a moment.")
		}
	})
}

// sockets reads the token of connection_init. One that proves nothing closes the connection, as 401 does elsewhere.
func (g *gate) sockets(ctx context.Context, payload map[string]any, header http.Header) (context.Context, error) {
	authorization, err := wire.Authorization(payload, header)
	if err != nil {
		return nil, err
	}
	who, err := g.whoIs(ctx, authorization)
	switch {
	case err == nil:
		return admit(ctx, who, authorization), nil
	case errors.Is(err, identity.ErrTokenInvalid):
		return nil, err // 4403
	default:
		return nil, &wire.CloseError{Code: 1013, Reason: "token can't be checked just now"}
	}
}

// again checks the token of a context once more.
//
// Errors: identity.ErrTokenInvalid, wire.ErrTryLater.
func (g *gate) again(ctx context.Context) error {
	who := identity.FromContext(ctx)
	if who.Kind == identity.Anonymous || who.Kind == identity.CaseHolder {
		return nil // a case key doesn't end, and whether there is a case is read each time
	}
	if !who.ExpiresAt.IsZero() && !g.now().Before(who.ExpiresAt) {
		return identity.ErrTokenInvalid // also while the issuer is away
	}
	authorization, _ := ctx.Value(authorizationKey{}).(string)
	_, err := g.whoIs(ctx, authorization)
	if err != nil && !errors.Is(err, identity.ErrTokenInvalid) {
		return wire.ErrTryLater
	}
	return err
}

// lapse waits until the token of a context proves nothing any more. It is a wire.Lapse.
func (g *gate) lapse(ctx context.Context) error {
	who := identity.FromContext(ctx)
	if who.Kind == identity.Anonymous || who.Kind == identity.CaseHolder {
		return nil
	}
	watch := g.hub.Watch(live.Everything) // awake whenever a test moves the clock, too
	defer watch.Close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := g.again(ctx); errors.Is(err, identity.ErrTokenInvalid) && ctx.Err() == nil {
			return err
		}
		wait := askAgain
		if !who.ExpiresAt.IsZero() {
			wait = min(wait, max(0, who.ExpiresAt.Sub(g.now())))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-watch.C():
		}
	}
}
