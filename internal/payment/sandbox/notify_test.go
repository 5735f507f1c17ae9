package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/payment"
)

const poll = 5 * time.Millisecond

func TestEveryChangeIsReportedOnceAndSigned(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	b.receiver.clock = b.clock.Now
	b.run(b.service)
	told := func(id string, status payment.Status) {
		t.Helper()
		require.Eventually(t, func() bool { return b.unsent() == 0 }, patience, poll)
		said := b.said(id)
		require.Equal(t, status, said.Status)
		b.receiver.mu.Lock()
		defer b.receiver.mu.Unlock()
		require.Equal(t, 1, b.receiver.seen[said], status)
	}

	open := b.order("payment_a")
	require.Zero(t, b.unsent(), "that it is open was the answer")
	require.Equal(t, http.StatusSeeOther, b.choose(open, "success").StatusCode)
	told(open.ID, payment.Paid)
	_, err := b.client.Refund(t.Context(), open.ID)
	require.NoError(t, err)
	told(open.ID, payment.Refunded)
	failed := b.order("payment_b")
	b.choose(failed, "failure")
	told(failed.ID, payment.Failed)
	canceled := b.order("payment_c")
	_, err = b.client.Cancel(t.Context(), canceled.ID)
	require.NoError(t, err)
	told(canceled.ID, payment.Canceled)

	seen, took := b.receiver.counts()
	require.Equal(t, 4, seen)
	require.Equal(t, 4, took)
	require.Zero(t, b.receiver.forged)
}

// TestRefusedReportsAreRepeatedAndTakenOnce has two processes on one database, and a receiver that fails three times.
func TestRefusedReportsAreRepeatedAndTakenOnce(t *testing.T) {
	t.Parallel()
	for _, db := range databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			b := setup(t, db)
			const many, refused = 12, 3
			b.receiver.refuse = refused
			other := b.process()
			stopOne, stopOther := b.run(b.service), b.run(other)
			for i := range many {
				b.paid(fmt.Sprintf("payment_%d", i))
			}
			for round := 1; round <= refused; round++ {
				require.Eventually(t, func() bool { seen, _ := b.receiver.counts(); return seen == round*many }, patience, poll, "round %d", round)
				b.clock.advance(time.Minute << round) // past the next pause, and not past two
				b.service.Wake()
				other.Wake()
			}
			require.Eventually(t, func() bool { return b.unsent() == 0 }, patience, poll)
			stopOne()
			stopOther()
			b.receiver.mu.Lock()
			defer b.receiver.mu.Unlock()
			require.Len(t, b.receiver.seen, many)
			for said, seen := range b.receiver.seen {
				require.Equal(t, refused+1, seen)
				require.Equal(t, 1, b.receiver.took[said])
			}
		})
	}
}

// TestOneProcessSendsAReport lets twenty try for each, of two processes on one database.
func TestOneProcessSendsAReport(t *testing.T) {
	t.Parallel()
	for _, db := range databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			b := setup(t, db)
			processes := []*Service{b.service, b.process()}
			b.paid("payment_a")
			for attempt := range 8 {
				due, err := b.service.look(t.Context())
				require.NoError(t, err)
				require.Len(t, due, 1, "attempt %d", attempt)
				var mu sync.Mutex
				won := 0
				race(20, func(i int) {
					got, err := processes[i%2].claim(t.Context(), due[0])
					if err != nil {
						t.Error(err)
					}
					if got != nil {
						mu.Lock()
						defer mu.Unlock()
						won++
					}
				})
				require.Equal(t, 1, won)
				b.clock.advance(claimed)
				for _, p := range processes {
					due, err = p.look(t.Context())
					require.NoError(t, err)
					require.Empty(t, due, "it may still be under way")
				}
				b.clock.advance(2 * pause(attempt+2))
			}
		})
	}
}

func TestReportsAreGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	paid := b.paid("payment_a")
	begin := b.clock.Now()
	attempts := 0
	for b.clock.Now().Before(begin.Add(3 * givenUp)) {
		due, err := b.service.look(t.Context())
		require.NoError(t, err)
		for _, o := range due {
			claim, err := b.service.claim(t.Context(), o)
			require.NoError(t, err)
			require.NotNil(t, claim)
			attempts++
			require.Less(t, b.clock.Now().Sub(begin), givenUp)
		}
		b.clock.advance(time.Second + b.clock.Now().Sub(begin)/50)
	}
	require.GreaterOrEqual(t, attempts, 10)
	require.LessOrEqual(t, attempts, 15)
	require.Equal(t, 1, b.unsent(), "nobody took it")
	require.Equal(t, payment.Paid, b.said(paid.ID).Status)

	_, err := b.client.Refund(t.Context(), paid.ID)
	require.NoError(t, err)
	due, err := b.service.look(t.Context())
	require.NoError(t, err)
	require.Len(t, due, 1, "another change is told anew")
	require.Equal(t, payment.Refunded, due[0].status)
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		o := unsent{
			id: idPrefix + rapid.StringMatching(`[a-z2-7]{26}`).Draw(rt, "id"), attempts: rapid.IntRange(0, 13).Draw(rt, "attempts"),
			changed: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		}
		late := time.Duration(rapid.Int64Range(0, int64(givenUp)).Draw(rt, "late"))
		now := o.due().Add(late)
		again := o
		again.attempts = o.next(now)
		require.Greater(rt, again.attempts, o.attempts)
		require.GreaterOrEqual(rt, again.due().Sub(now), claimed, "nobody else sends it meanwhile")
		prompt := o
		prompt.attempts = o.next(o.due())
		require.LessOrEqual(rt, prompt.due().Sub(o.due()), 3*(firstPause<<o.attempts), "nor is it forgotten")
		require.GreaterOrEqual(rt, prompt.due().Sub(o.due()), firstPause<<o.attempts*4/5)
	})
}

func TestReportOfAStateThatHasPassedIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	paid := b.paid("payment_a")
	due, err := b.service.look(t.Context())
	require.NoError(t, err)
	require.Len(t, due, 1)
	_, err = b.client.Refund(t.Context(), paid.ID)
	require.NoError(t, err)
	claim, err := b.service.claim(t.Context(), due[0])
	require.NoError(t, err)
	require.Nil(t, claim)
	require.NoError(t, b.service.taken(t.Context(), due[0]), "that PAID was taken")
	require.Equal(t, 1, b.unsent(), "is not that REFUNDED was")
}

func TestRunEndsInTheMiddleOfAReport(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	arrived := make(chan struct{})
	release := make(chan struct{})
	var once sync.Once
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(arrived) })
		<-release
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(release) })
	b.reportTo(slow.URL)
	stop := b.run(b.service)
	b.paid("payment_a")
	<-arrived
	stop()
	require.Equal(t, 1, b.unsent())
}

func TestARedirectIsNotTaken(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	moved := httptest.NewServer(http.RedirectHandler(b.receiver.url, http.StatusTemporaryRedirect))
	t.Cleanup(moved.Close)
	b.reportTo(moved.URL)
	paid := b.paid("payment_a")
	due, err := b.service.look(t.Context())
	require.NoError(t, err)
	claim, err := b.service.claim(t.Context(), due[0])
	require.NoError(t, err)
	require.ErrorContains(t, b.service.send(t.Context(), claim), "307")
	seen, _ := b.receiver.counts()
	require.Zero(t, seen)
	require.Equal(t, payment.Paid, b.said(paid.ID).Status)
}

func TestRunOutlivesItsDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, databases()[0])
	require.NoError(t, b.service.store.Close())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.service.Run(ctx) }()
	b.service.Wake()
	cancel()
	<-done
}
