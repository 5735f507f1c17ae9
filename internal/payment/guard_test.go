package payment

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// provider answers as a test says; a nil function answers nothing.
type provider struct {
	answer func() (Transaction, error)
	calls  int
}

func (p *provider) called(ctx context.Context) (Transaction, error) {
	p.calls++
	if p.answer == nil {
		<-ctx.Done()
		return Transaction{}, ctx.Err()
	}
	return p.answer()
}

func (p *provider) Create(ctx context.Context, _ Order) (Transaction, error) { return p.called(ctx) }

func (p *provider) Get(ctx context.Context, _ string) (Transaction, error) { return p.called(ctx) }

func (p *provider) Cancel(ctx context.Context, _ string) (Transaction, error) { return p.called(ctx) }

func (p *provider) Refund(ctx context.Context, _ string) (Transaction, error) { return p.called(ctx) }

func (p *provider) Report(http.Header, []byte, time.Time) (Transaction, error) { return p.answer() }

func TestGuard(t *testing.T) {
	t.Parallel()
	paid := func() (Transaction, error) { return Transaction{Status: Paid}, nil }

	t.Run("a call ends after five seconds, and after three nobody waits any more", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := &provider{}
			g := NewGuard(p, GuardOptions{})
			begun := time.Now()
			for range hangs {
				_, err := g.Create(t.Context(), Order{})
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			require.Equal(t, hangs*5*time.Second, time.Since(begun))
			for _, call := range []func(context.Context, string) (Transaction, error){g.Get, g.Cancel, g.Refund} {
				_, err := call(t.Context(), "T-1")
				require.ErrorIs(t, err, ErrAway)
			}
			p.answer = paid
			reported, err := g.Report(nil, nil, time.Now())
			require.NoError(t, err, "a webhook is read meanwhile")
			require.Equal(t, Paid, reported.Status)
			require.Equal(t, hangs*5*time.Second, time.Since(begun), "at once")
			require.Equal(t, hangs, p.calls)
		})
	})

	t.Run("after ten seconds one call is made, and the others go by it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := &provider{}
			g := NewGuard(p, GuardOptions{})
			for range hangs {
				_, _ = g.Get(t.Context(), "T-1")
			}
			<-time.After(awayFor)
			probe := make(chan error)
			go func() {
				_, err := g.Get(t.Context(), "T-1")
				probe <- err
			}()
			synctest.Wait()
			_, err := g.Get(t.Context(), "T-2")
			require.ErrorIs(t, err, ErrAway, "somebody asks already")
			require.ErrorIs(t, <-probe, context.DeadlineExceeded)
			_, err = g.Get(t.Context(), "T-2")
			require.ErrorIs(t, err, ErrAway, "another ten seconds")

			<-time.After(awayFor)
			p.answer = paid
			for range 3 {
				got, err := g.Get(t.Context(), "T-1")
				require.NoError(t, err)
				require.Equal(t, Paid, got.Status)
			}
		})
	})

	t.Run("failures are answers, and a caller who leaves says nothing", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := &provider{answer: func() (Transaction, error) { return Transaction{}, errors.New("answered 500") }}
			g := NewGuard(p, GuardOptions{})
			for range 3 * hangs {
				_, err := g.Refund(t.Context(), "T-1")
				require.ErrorContains(t, err, "answered 500")
			}
			p.answer = nil
			for range 3 * hangs {
				ctx, leave := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, leave)
				_, err := g.Refund(ctx, "T-1")
				require.ErrorIs(t, err, context.Canceled)
			}
			require.Equal(t, 6*hangs, p.calls)
		})
	})
}
