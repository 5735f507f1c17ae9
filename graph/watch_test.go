package graph

import (
	"context"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
)

// What a subscription learns at the instant at which its token expires isn't said, however soon the transport ends it.
func TestNothingIsSaidOnceATokenHasExpired(t *testing.T) {
	t.Parallel()

	expires := time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)
	now := expires.Add(-1)
	w := &watcher{now: func() time.Time { return now }}
	ctx, cancel := context.WithCancel(identity.WithActor(t.Context(), identity.Actor{Kind: identity.Staff, ExpiresAt: expires}))
	said := &graphql.Response{Data: []byte(`{}`)}
	next := w.whileProven(ctx, func(context.Context) *graphql.Response { return said })
	require.Same(t, said, next(ctx))
	now = expires
	cancel()
	require.Nil(t, next(ctx))
}
