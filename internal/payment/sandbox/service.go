// Package sandbox is a payment gateway to try out with: no money moves, and whoever opens the payment page chooses how the
// payment ends. It speaks the protocol of internal/payment/gateway and shares nothing else with the service: Service.API answers
// programs, Service.Page answers payers, and Service.Run sends the signed webhooks.
package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"nelke/internal/page"
	"nelke/internal/payment/gateway"
	"nelke/internal/store"
)

// Options of a Service.
type Options struct {
	// Store keeps the transactions, and its clock is the one that counts. Nobody else reads or writes their table.
	Store *store.Store
	// Secret is shared with the clients; requests and webhooks are authenticated by keys derived from it.
	Secret string
	// URL is where people reach Page.
	URL string
	// HTTP sends the webhooks; its idle connections are closed when Run ends. nil: http.DefaultClient.
	HTTP *http.Client
	// Log gets failures that no caller gets as an error; nil: nowhere.
	Log *slog.Logger
}

// Service is the provider. Several of them on one database are one provider. It is safe for concurrent use.
type Service struct {
	store *store.Store
	keys  gateway.Keys
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
		store: o.Store, keys: gateway.KeysOf(o.Secret), url: strings.TrimRight(o.URL, "/"), http: gateway.WithoutRedirects(o.HTTP), log: o.Log,
		kick: make(chan struct{}, 1),
		pay:  page.New(payGerman, payEnglish, true), problem: page.New(problemGerman, problemEnglish, false),
	}
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
