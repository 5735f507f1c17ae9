package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
	"nelke/internal/store"
)

const (
	lookEvery   = 2 * time.Second                    // for webhooks that other processes left, or whose pause is over
	lookAt      = 1000                               // of those due; more wait until some of these were taken or given up
	atOnce      = 8                                  // webhooks under way in one process
	sendTimeout = 5 * time.Second                    // for one attempt, from the claim to the receiver's word
	claimed     = sendTimeout + 500*time.Millisecond // nobody else sends what one process has claimed
	firstPause  = claimed + 500*time.Millisecond     // doubled by each attempt
	givenUp     = 24 * time.Hour                     // after the change
)

// pause is how long after a change its webhook is sent for the n-th time at the earliest, n counted from 0: at once, after
// 6, 18, 42 seconds, … 14 hours. A process that comes too late for some of them leaves them out.
func pause(n int) time.Duration { return firstPause * (1<<n - 1) }

// unsent is a webhook that hasn't been taken yet.
type unsent struct {
	id       string
	status   payment.Status
	attempts int
	changed  time.Time
}

// due is when it is sent next. Those that failed together don't come back together.
func (o unsent) due() time.Time {
	at := o.changed.Add(pause(o.attempts))
	if o.attempts == 0 {
		return at
	}
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, o.id, o.attempts) // never fails
	return at.Add(time.Duration(h.Sum64() % uint64(firstPause<<o.attempts/5)))
}

// next is the attempts that it will have had once it was sent now: the first whose pause ends when this one has.
func (o unsent) next(now time.Time) int {
	n := o.attempts + 1
	for pause(n) < now.Sub(o.changed)+claimed {
		n++
	}
	return n
}

// Run sends webhooks until ctx ends, and returns when nothing is under way any more. What was interrupted is sent
// again by the next Run, of this process or another.
func (s *Service) Run(ctx context.Context) {
	defer s.http.CloseIdleConnections()
	var sending sync.WaitGroup
	defer sending.Wait()
	turns := make(chan struct{}, atOnce)
	failed := false
	for ctx.Err() == nil {
		due, err := s.look(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sandbox: can't look for webhooks, trying again", "err", err)
		}
		failed = err != nil
		for _, o := range due {
			select {
			case turns <- struct{}{}:
				sending.Go(func() {
					defer func() { <-turns }()
					s.notify(ctx, o)
				})
			case <-ctx.Done():
			}
		}
		wait := time.NewTimer(lookEvery*3/4 + rand.N(lookEvery/2))
		select {
		case <-ctx.Done():
		case <-s.kick:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// look finds the webhooks that are due, new ones first.
func (s *Service) look(ctx context.Context) (due []unsent, err error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	a := s.store.Args()
	var o unsent
	err = s.store.Each(ctx, `SELECT id, status, attempts, changed_at FROM sandbox_transactions
		WHERE notified_at IS NULL AND changed_at > `+a.Bind(now.Add(-givenUp))+
		` ORDER BY attempts, changed_at LIMIT `+a.Bind(lookAt), a.List(), []any{&o.id, &o.status, &o.attempts, &o.changed}, func() {
		if !o.due().After(now) {
			due = append(due, o)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("look: %w", err)
	}
	return due, nil
}

// notify sends one webhook, if nobody else does.
func (s *Service) notify(ctx context.Context, o unsent) {
	attempt, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	claim, err := s.claim(attempt, o)
	if err == nil && claim != nil {
		if err = s.send(attempt, claim); err == nil {
			err = s.taken(ctx, o)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "sandbox: a webhook wasn't taken", "transaction", o.id, "status", o.status, "err", err,
			"last", claim != nil && pause(claim.attempts) >= givenUp)
	}
}

// claim is a transaction whose webhook this process alone sends now.
type claim struct {
	row
	at time.Time
}

// claim makes the webhook this process's, until its next pause is over. It is nil where somebody else was quicker.
func (s *Service) claim(ctx context.Context, o unsent) (won *claim, err error) {
	err = s.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		won = nil // a transaction may be repeated
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		a := tx.Args()
		done, err := tx.SQL.ExecContext(ctx, `UPDATE sandbox_transactions SET attempts = `+a.Bind(o.next(now))+` WHERE id = `+a.Bind(o.id)+
			` AND status = `+a.Bind(string(o.status))+` AND attempts = `+a.Bind(o.attempts)+` AND notified_at IS NULL`, a.List()...)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		won = &claim{at: now}
		won.row, err = s.read(ctx, tx.SQL, "id", o.id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim(%s): %w", o.id, err)
	}
	return won, nil
}

// send posts the webhook.
func (s *Service) send(ctx context.Context, c *claim) error {
	body := gateway.Encode(s.said(c.row))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.NotifyURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send(%s): %w", c.id, err)
	}
	request.Header = s.keys.Sign(c.at, body)
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.http.Do(request)
	if err != nil {
		return fmt.Errorf("send(%s): %w", c.id, err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, payment.ReportLimit) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("send(%s): %s", c.id, answer.Status)
	}
	return nil
}

// taken notes that a webhook has arrived.
func (s *Service) taken(ctx context.Context, o unsent) error {
	ctx, cancel := settled(ctx)
	defer cancel()
	err := s.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		a := tx.Args()
		_, err := tx.SQL.ExecContext(ctx, `UPDATE sandbox_transactions SET notified_at = `+a.Now()+` WHERE id = `+a.Bind(o.id)+
			` AND status = `+a.Bind(string(o.status))+` AND notified_at IS NULL`, a.List()...) // there may be another one to send by now
		return err
	})
	if err != nil {
		return fmt.Errorf("taken(%s): %w", o.id, err)
	}
	return nil
}
