package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// books are cents, by what became of them.
type books struct {
	took     int // by the provider, from payers
	kept     int // for what was submitted
	due      int // for refund
	refunded int
}

func (b books) times(n int) books { return books{b.took * n, b.kept * n, b.due * n, b.refunded * n} }

// compare holds the provider's books against ours. Faults are what doesn't agree; how says what every payment came to.
func (k *killed) compare(t *testing.T) (sum books, how string, faults []string) {
	t.Helper()
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	deals := k.deals(t)
	for _, d := range deals {
		if d.Status == "PAID" || d.Status == "REFUNDED" {
			sum.took += d.Cents
		}
	}
	var states []string
	rows, err := k.database().QueryContext(t.Context(), `SELECT p.id, p.status, p.received_cents, p.refunded_cents, p.transaction_id,
		coalesce(p.refund_reason, ''), a.submitted_at IS NOT NULL, coalesce((SELECT max(via) FROM payment_reports r
			WHERE r.payment_id = p.id AND r.outcome = 'APPLIED' AND r.said LIKE 'PAID%'), '')
		FROM payments p JOIN applications a ON a.id = p.application_id ORDER BY p.id`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, status, transaction, reason, via string
		var received, back int
		var submitted bool
		require.NoError(t, rows.Scan(&id, &status, &received, &back, &transaction, &reason, &submitted, &via))
		d := deals[id]
		delete(deals, id)
		theirs := 0
		if d.Status == "PAID" || d.Status == "REFUNDED" {
			theirs = d.Cents
		}
		if received != theirs {
			fault("%s is %s with %d cents, and the provider has %d", id, status, received, theirs)
		}
		if back > 0 != (d.Status == "REFUNDED") {
			fault("%s gave %d cents back, and the provider says %s", id, back, d.Status)
		}
		if d.Status == "OPEN" && transaction != "" {
			fault("%s is %s, and its page is open", id, status)
		}
		switch status {
		case "PAID":
			sum.kept += received
			if !submitted {
				fault("%s is PAID for what was never submitted", id)
			}
		case "REFUND_DUE":
			sum.due += received
		case "REFUNDED":
			sum.refunded += back
		case "CREATED", "PENDING":
			fault("%s is %s still", id, status)
		}
		if reason != "" {
			status += " " + reason
		}
		if d.Status == "OPEN" {
			status += " (the provider has a page, which was never shown)"
		}
		if via != "" {
			status += " (heard by " + strings.ToLower(via) + ")"
		}
		states = append(states, status)
	}
	require.NoError(t, rows.Err())
	for id := range deals {
		fault("the provider has %s, and we don't", id)
	}
	if sum.took != sum.kept+sum.due+sum.refunded {
		fault("%+v doesn't come out even", sum)
	}
	faults = append(faults, k.disorder(t)...)
	how = "yes: " + strings.Join(states, ", ")
	if len(states) == 0 {
		how = "yes: never ordered"
	}
	if len(faults) > 0 {
		how = "NO: " + strings.Join(faults, "; ")
	}
	return sum, how, faults
}

// disorder is what is wrong beside the money.
func (k *killed) disorder(t *testing.T) (faults []string) {
	t.Helper()
	count := func(query string, args ...any) (n int) {
		require.NoError(t, k.database().QueryRowContext(t.Context(), query, args...).Scan(&n))
		return n
	}
	if n := count(`SELECT count(*) FROM applications a
		WHERE submitted_at IS NOT NULL AND due_cents > 0 AND NOT EXISTS (SELECT 1 FROM payments p
			WHERE p.application_id = a.id AND p.received_cents = a.due_cents AND p.paid_at <= a.submitted_at)`); n > 0 {
		faults = append(faults, fmt.Sprintf("%d applications were submitted unpaid", n))
	}
	for _, action := range []string{"application.submitted", "payment.refunded"} {
		if n := count(`SELECT count(*) FROM events WHERE action = $1`, action); n > 1 {
			faults = append(faults, fmt.Sprintf("%s happened %d times", action, n))
		}
	}
	_, broken, err := server.Audit(t.Context(), k.config(nil))
	require.NoError(t, err)
	for _, b := range broken {
		faults = append(faults, fmt.Sprintf("the chain of events: %v", b))
	}
	return faults
}

// deals are the provider's books, by our order.
func (k *killed) deals(t *testing.T) map[string]suite.Deal {
	t.Helper()
	deals := map[string]suite.Deal{}
	if k.bank != nil {
		for _, d := range k.bank.Deals() {
			deals[d.Order] = d
		}
		return deals
	}
	rows, err := k.database().QueryContext(t.Context(), `SELECT request_id, status, cents FROM sandbox_transactions`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var d suite.Deal
		require.NoError(t, rows.Scan(&d.Order, &d.Status, &d.Cents))
		deals[d.Order] = d
	}
	require.NoError(t, rows.Err())
	return deals
}
