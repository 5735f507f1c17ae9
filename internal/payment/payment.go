// Package payment has the words in which the portal and a provider of payments speak of money. A provider takes it; what
// it says is a report, which the portal compares with its own state before it believes it.
package payment

import "errors"

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

// Transaction is what a provider says of an order. Nothing in it is true because it is said: see the portal.
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

// What a provider answers instead of a transaction. Any other error leaves open what happened: ask again.
var (
	// ErrRefused: the order is not taken, now or later.
	ErrRefused = errors.New("the payment provider refuses the order")
	// ErrUnknown: there is no such transaction.
	ErrUnknown = errors.New("the payment provider knows no such transaction")
	// ErrNoRefund: the provider can't give this money back; somebody has to.
	ErrNoRefund = errors.New("the payment provider gives no refund")
)
