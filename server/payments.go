package server

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"nelke/internal/page"
	"nelke/internal/payment"
	"nelke/internal/payment/sandbox"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/internal/tracing"
)

const (
	webhookPath = "/payments/webhook"
	returnPath  = "/payments/return"
	sandboxPath = "/sandbox"
)

// payments is how a process that listens takes money.
type payments struct {
	state   string           // as /readyz names it: off, sandbox or on
	client  *sandbox.Client  // nil: off
	service *sandbox.Service // the demo's own provider; nil elsewhere
	calls   *http.Transport  // connections to a provider elsewhere
	end     func()
}

// newPayments is the provider that a configuration names, for a process that listens on addr.
func newPayments(cfg Config, addr string, db *store.Store, tracer *tracing.Tracer, log *slog.Logger) *payments {
	public := cfg.publicURL(addr)
	switch {
	case cfg.PaymentURL != "":
		calls := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
		return &payments{state: "on", calls: calls, client: sandbox.NewClient(sandbox.ClientOptions{
			URL: cfg.PaymentURL, Secret: cfg.PaymentSecret, Former: cfg.PaymentFormer, NotifyURL: public + webhookPath, HTTP: &http.Client{Transport: tracer.Transport(calls)},
		})}
	case !cfg.Demo:
		return &payments{state: "off"}
	}
	secret := cfg.PaymentSecret
	if secret == "" {
		secret = rand.Text() + rand.Text()
	}
	// It stands outside, though it runs here: it is called as over a network, and reports by HTTP.
	service := sandbox.New(sandbox.Options{
		Store: db, Secret: secret, URL: public + sandboxPath, HTTP: &http.Client{Transport: &http.Transport{}}, Log: log,
	})
	return &payments{state: "sandbox", service: service, client: sandbox.NewClient(sandbox.ClientOptions{
		URL: "http://sandbox.invalid", Secret: secret, NotifyURL: "http://" + loopback(addr) + webhookPath,
		HTTP: &http.Client{Transport: tracer.Transport(sandbox.InProcess(service.API()))},
	})}
}

// takePayments gives the heart its provider, and the addresses that depend on where the process listens.
func (p *parts) takePayments(addr string) {
	p.payments = newPayments(p.cfg, addr, p.store, p.tracer, p.log)
	public := p.cfg.publicURL(addr)
	options := p.options()
	if p.payments.client != nil {
		options.Provider = p.payments.client
	}
	options.ReturnURL = func(payment string) string { return public + returnPath + "/" + url.PathEscape(payment) }
	options.Pages = append(slices.Clone(p.cfg.Origins), originOf(public))
	p.portal = portal.New(options)
}

// originOf is the part of an address that browsers call its origin.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil { // checked by Check
		return address
	}
	return u.Scheme + "://" + u.Host
}

// start has the sandbox send its webhooks, until stop.
func (p *payments) start(ctx context.Context) {
	if p.service == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { p.service.Run(ctx) })
	p.end = func() {
		cancel()
		running.Wait()
	}
}

// wake has the sandbox look at the clock.
func (p *payments) wake() {
	if p.service != nil {
		p.service.Wake()
	}
}

// stop ends what start began. It may be called again.
func (p *payments) stop() {
	if p.end != nil {
		p.end()
	}
	if p.calls != nil {
		p.calls.CloseIdleConnections()
	}
}

// payers is what the addresses of payments need of the heart.
type payers interface {
	// PaymentReported hears what the provider says.
	PaymentReported(ctx context.Context, t payment.Transaction) error
	// PaymentReturned is the payer coming back. It gives the page to go on to, empty where there is none.
	PaymentReturned(ctx context.Context, payment string) (page string, err error)
}

// handle serves the addresses of payments.
func (p *payments) handle(mux *http.ServeMux, heart payers, now func() time.Time, log *slog.Logger) {
	mux.Handle("GET "+returnPath+"/{payment}", returned(heart, log))
	if p.client != nil {
		mux.Handle("POST "+webhookPath, reported(heart, p.client, now, log))
	}
	if p.service != nil {
		mux.Handle(sandboxPath+"/", http.StripPrefix(sandboxPath, p.service.Page()))
	}
}

// reported hears webhooks. What they say is believed to be said by the provider, and nothing more.
func reported(heart payers, client *sandbox.Client, now func() time.Time, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sandbox.BodyLimit))
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			plain(w, http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			plain(w, http.StatusBadRequest)
			return
		}
		t, err := client.Report(r.Header, body, now())
		switch {
		case errors.Is(err, sandbox.ErrSignature):
			plain(w, http.StatusUnauthorized)
			return
		case err != nil:
			plain(w, http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		err = heart.PaymentReported(ctx, t)
		switch {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, portal.ErrNoPayment):
			plain(w, http.StatusNotFound)
		case later(err):
			w.Header().Set("Retry-After", retryAfter)
			plain(w, http.StatusServiceUnavailable)
		default:
			log.ErrorContext(ctx, "a payment's report failed", "err", err)
			plain(w, http.StatusInternalServerError)
		}
	}
}

// plain answers a program with a status alone.
func plain(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// later tells whether trying again later is the right answer to an error.
func later(err error) bool {
	return store.Unavailable(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

//go:embed return.de.html
var returnGerman string

//go:embed return.en.html
var returnEnglish string

// returned sends payers on who come back from the provider's page. That they come proves nothing about the payment.
func returned(heart payers, log *slog.Logger) http.HandlerFunc {
	own := page.New(returnGerman, returnEnglish, false)
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("payment")
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		next, err := heart.PaymentReturned(ctx, id)
		status := http.StatusOK
		switch {
		case err == nil && next != "":
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, withPayment(next, id), http.StatusSeeOther)
			return
		case err == nil:
		case errors.Is(err, portal.ErrNoPayment):
			status = http.StatusNotFound
		case later(err):
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", retryAfter)
		default:
			status = http.StatusInternalServerError
			log.ErrorContext(ctx, "a payer's return failed", "err", err)
		}
		own.Write(w, r, status, status)
	}
}

// withPayment adds the payment to a page's address, so that the page knows which one to ask about.
func withPayment(address, id string) string {
	u, err := url.Parse(address)
	if err != nil { // it was one when the payment began
		return address
	}
	query := u.Query()
	query.Set("payment", id)
	u.RawQuery = query.Encode()
	return u.String()
}
