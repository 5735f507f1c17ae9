// Package payment is the port to a payment provider: Provider, and the types that the portal and a provider exchange. What
// a provider answers or reports is unverified until the portal has compared it with its own rows.
package payment

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ReportLimit is the largest length of a webhook's body, in bytes.
const ReportLimit = 64 << 10

// Provider takes money. Implementations are safe for concurrent use. Create, Get, Cancel and Refund are calls over a
// network, bounded by their context; each may be repeated, and returns the transaction as it stands then. An error that isn't
// listed leaves open whether the call had an effect.
type Provider interface {
	// Create places an order and returns its transaction; the same Order.ID again is the same transaction.
	//
	// Errors: ErrRefused.
	Create(ctx context.Context, o Order) (Transaction, error)
	// Get returns a transaction by the provider's id.
	//
	// Errors: ErrUnknown.
	Get(ctx context.Context, transaction string) (Transaction, error)
	// Cancel ends a transaction that is open. One that isn't stays as it is, and is no error.
	//
	// Errors: ErrUnknown.
	Cancel(ctx context.Context, transaction string) (Transaction, error)
	// Refund gives back all that was paid, once, however often it is called.
	//
	// Errors: ErrUnknown, ErrNoRefund.
	Refund(ctx context.Context, transaction string) (Transaction, error)
	// Report returns the transaction that a webhook reports. It verifies that the provider has signed the body, and did so
	// shortly before or after now; it makes no call.
	//
	// Errors: ErrSignature. Any other means that a signed body isn't a transaction.
	Report(header http.Header, body []byte, now time.Time) (Transaction, error)
}

// Order asks a provider to take money.
type Order struct {
	// ID is ours. The same one again is the same transaction: an order whose answer was lost is sent once more.
	ID string
	// Cents is above zero; Currency is an ISO 4217 code.
	Cents    int
	Currency string
	// Method is a payment method of the graph, such as CREDIT_CARD.
	Method string
	// Purpose is for the account statement: at most 27 characters of ASCII letters, digits, spaces, "_" and "-"
	// (XBezahldienste 1.2.0, PaymentRequest.purpose).
	Purpose string
	// ReturnURL is where the payer's browser goes from the provider's page. That it comes back proves nothing.
	ReturnURL string
}

// Status is the state of a transaction at the provider.
type Status string

// The states. OPEN may become any other, PAID may become REFUNDED; FAILED, CANCELED and REFUNDED are final for the provider.
const (
	Open     Status = "OPEN"
	Paid     Status = "PAID"
	Failed   Status = "FAILED"
	Canceled Status = "CANCELED"
	Refunded Status = "REFUNDED"
)

// Transaction is an order as a provider reports it, unverified: portal.Portal checks it against its own row.
type Transaction struct {
	ID       string // the provider's
	Order    string // ours
	Status   Status
	Cents    int
	Currency string
	// URL is the page to pay on; empty once the transaction isn't open any more.
	URL string
	// Reference is the Kassenzeichen; empty until there is one.
	Reference string
}

// The errors of a Provider.
var (
	// ErrRefused: the order is not taken, now or later.
	ErrRefused = errors.New("the payment provider refuses the order")
	// ErrUnknown: there is no such transaction.
	ErrUnknown = errors.New("the payment provider knows no such transaction")
	// ErrNoRefund: the provider can't give this money back; somebody has to.
	ErrNoRefund = errors.New("the payment provider gives no refund")
	// ErrSignature: a webhook has no signature, or one under another secret, of another body, or of another time.
	ErrSignature = errors.New("the report of the payment provider isn't proved by its signature")
)
