package portal

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/internal/problem"
)

func isLimited(t *testing.T, err error) {
	t.Helper()
	refusal := (*problem.Problem)(nil)
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, problem.RateLimited, refusal.Code)
	require.Positive(t, refusal.RetryAfter)
}

func TestWritesOfOneThingLineUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lines{by: map[string]*line{}}
		first, err := l.take(t.Context(), "a", 2)
		require.NoError(t, err)
		other, err := l.take(t.Context(), "b", 2) // nobody's concern
		require.NoError(t, err)
		other()

		order := make(chan int, 2)
		for i := range 2 {
			go func() {
				done, err := l.take(t.Context(), "a", 2)
				if err == nil {
					order <- i
					done()
				}
			}()
			synctest.Wait()
		}
		_, err = l.take(t.Context(), "a", 2)
		isLimited(t, err)
		unbounded, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() {
			_, err := l.take(unbounded, "a", 0)
			gaveUp <- err
		}()
		synctest.Wait()
		require.Empty(t, order, "one at a time")
		cancel()
		require.ErrorIs(t, <-gaveUp, context.Canceled)

		first()
		synctest.Wait()
		require.Equal(t, 0, <-order)
		require.Equal(t, 1, <-order)
		require.Empty(t, l.by, "nothing is remembered of who has written")
	})
}

func TestANetworkHasSoManySeats(t *testing.T) {
	t.Parallel()
	s := seats{taken: map[string]int{}, most: 2}
	from := func(exempt bool, parts ...NetworkPart) context.Context {
		return WithNetwork(t.Context(), Network{Parts: parts, Exempt: exempt})
	}
	wide := NetworkPart{"2001:db8::/56", 2}
	household := func(name string) context.Context { return from(false, NetworkPart{name, 1}, wide) }
	var leave []func()
	take := func(ctx context.Context) {
		done, err := s.take(ctx)
		require.NoError(t, err)
		leave = append(leave, done)
	}
	take(household("2001:db8::/64"))
	take(household("2001:db8::/64"))
	_, err := s.take(household("2001:db8::/64"))
	isLimited(t, err)
	take(household("2001:db8:0:1::/64"))
	take(household("2001:db8:0:2::/64"))
	_, err = s.take(household("2001:db8:0:3::/64")) // of which nobody has come, but its household has
	isLimited(t, err)
	take(from(true, wide))
	take(identity.WithActor(household("2001:db8::/64"), identity.Actor{Kind: identity.Staff}))
	take(t.Context()) // a job
	for _, done := range leave {
		done()
	}
	require.Empty(t, s.taken)
	take(household("2001:db8::/64"))
}

// Staff and the service itself wait for a case behind one of its person's writes at most, and never find its line full.
func TestAPersonKeepsStaffOutOfNoCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Portal{limits: Limits{CaseQueue: 3}, lines: lines{by: map[string]*line{}}}
		person := identity.WithActor(t.Context(), identity.Actor{Kind: identity.CaseHolder, CaseKeyHash: "h"})
		clerk := identity.WithActor(t.Context(), identity.Actor{Kind: identity.Staff, Subject: "s"})
		lineUp := func(ctx context.Context, key string) (func(), error) {
			return p.lineUp(ctx, request{operation: "saveAnswers", key: key, caseID: "case_1"}.of(ctx))
		}
		first, err := lineUp(person, "1")
		require.NoError(t, err)
		for range 3 {
			go func() {
				done, err := lineUp(person, "1")
				if err == nil {
					done()
				}
			}()
		}
		synctest.Wait()
		_, err = lineUp(person, "1")
		isLimited(t, err)
		served := make(chan string, 10)
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			go func() {
				done, err := lineUp(clerk, key)
				if err == nil {
					served <- key
					done()
				}
			}()
		}
		synctest.Wait()
		require.Empty(t, served)
		first()
		synctest.Wait()
		require.Len(t, served, 5)
		require.Empty(t, p.lines.by)
	})
}
