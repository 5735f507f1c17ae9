// Package sandbox is a payment provider to try out with: no money moves, and whoever opens the page to pay on says how the
// payment ends. It stands outside the service like any other provider: Service is the provider, with an interface for
// programs, a page for payers and signed webhooks; Client is what the service has of it.
//
// # The protocol
//
// Requests carry "Authorization: Bearer" and a key that both sides derive from the secret that they share. Bodies are JSON;
// refusals are problem details (RFC 9457) with a code.
//
//	POST /transactions               an order: id, cents, currency, method, purpose, returnUrl, notifyUrl
//	GET  /transactions/{id}
//	POST /transactions/{id}/cancel   ends one that is open
//	POST /transactions/{id}/refund   gives back all of one that is paid
//
// Each of them answers with the transaction as it stands then, and may be repeated: the same order id is the same
// transaction, a second cancel or refund changes nothing. Each change of a transaction's state is told by a POST of it to the
// order's notifyUrl, with the headers Sandbox-Timestamp, in seconds since 1970, and Sandbox-Signature, the HMAC-SHA-512
// of the timestamp, a dot and the body, in hexadecimal. Any 2xx ends it; until then it is repeated for a day.
package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"nelke/internal/page"
	"nelke/internal/store"
)

// Options are what a Service works with.
type Options struct {
	// Store keeps the transactions, and its clock is the one that counts. Nobody else reads or writes their table.
	Store *store.Store
	// Secret is shared with the clients; what is sent either way is proved by keys derived from it.
	Secret string
	// URL is where people reach Page.
	URL string
	// HTTP sends the webhooks; its idle connections are closed when Run ends. nil: http.DefaultClient.
	HTTP *http.Client
	// Log gets what nobody is told otherwise; nil: nobody.
	Log *slog.Logger
}

// Service is the provider. Several of them on one database are one provider. It is safe for concurrent use.
type Service struct {
	store *store.Store
	keys  keys
	url   string
	http  *http.Client
	log   *slog.Logger
	kick  chan struct{}

	pay, problem *page.Page
}

// New makes a Service. It sends no webhooks until Run.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		store: o.Store, keys: keysOf(o.Secret), url: strings.TrimRight(o.URL, "/"), http: straight(o.HTTP), log: o.Log,
		kick: make(chan struct{}, 1),
		pay:  page.New(payGerman, payEnglish, true), problem: page.New(problemGerman, problemEnglish, false),
	}
}

// straight is a client that goes where it was sent and nowhere else: a redirect is an answer, and not the expected one.
func straight(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Wake has Run look for webhooks that are due. It does so by itself every few seconds; a test whose clock was moved
// needn't wait for that.
func (s *Service) Wake() {
	select {
	case s.kick <- struct{}{}:
	default: // it will look anyway
	}
}

// settleTimeout bounds what must be written though whoever caused it is gone.
const settleTimeout = 5 * time.Second

// settled is a context to write in what has happened already, whether or not anybody waits for it any more.
func settled(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}
