package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"nelke/internal/page"
	"nelke/internal/payment"
	"nelke/internal/payment/sandbox"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/internal/tracing"
	"nelke/internal/wire"
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
	secret  string           // shared with the provider
	end     func()
}

// newPayments is the provider that a configuration names, for a process that listens on addr.
func newPayments(cfg Config, addr string, db *store.Store, tracer *tracing.Tracer, log *slog.Logger) *payments {
	public := cfg.publicURL(addr)
	switch {
	case cfg.PaymentURL != "":
		calls := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
		return &payments{state: "on", calls: calls, secret: cfg.PaymentSecret, client: sandbox.NewClient(sandbox.ClientOptions{
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
	return &payments{state: "sandbox", service: service, secret: secret, client: sandbox.NewClient(sandbox.ClientOptions{
		URL: "http://sandbox.invalid", Secret: secret, NotifyURL: "http://" + loopback(addr) + webhookPath,
		HTTP: &http.Client{Transport: tracer.Transport(sandbox.InProcess(service.API()))},
	})}
}

// takePayments gives the portal its provider, and the addresses that depend on where the process listens.
func (p *parts) takePayments(addr string) {
	p.payments = newPayments(p.cfg, addr, p.store, p.tracer, p.log)
	public := p.cfg.publicURL(addr)
	options := p.options()
	if p.payments.client != nil {
		options.Provider = payment.NewGuard(p.payments.client, payment.GuardOptions{Log: p.log})
	}
	options.ReturnURL = func(payment string) string { return public + ReturnPath(p.payments.secret, payment) }
	options.Pages = newOrigins(p.cfg.Origins, public).pages()
	p.portal = portal.New(options)
}

// ReturnPath is the path at which payers come back who were sent to pay. It ends with a token, which only those know who
// were sent there: nobody else learns whether there is such a payment, or has the provider asked about it.
func ReturnPath(secret, payment string) string {
	return returnPath + "/" + url.PathEscape(payment) + "/" + returnToken(secret, payment)
}

func returnToken(secret, payment string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("return\x00" + payment))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
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

// inTime gives requests a deadline.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// payers is what the addresses of payments need of the portal.
type payers interface {
	// PaymentReported hears what the provider says.
	PaymentReported(ctx context.Context, t payment.Transaction) error
	// PaymentReturned is the payer coming back. It gives the page to go on to, empty where there is none.
	PaymentReturned(ctx context.Context, payment string) (page string, err error)
}

// handle serves the addresses of payments.
func (p *payments) handle(mux *http.ServeMux, ops payers, now func() time.Time, log *slog.Logger) {
	mux.Handle("GET "+returnPath+"/{payment}", returned(ops, p.secret, log)) // without a token
	mux.Handle("GET "+returnPath+"/{payment}/{token}", returned(ops, p.secret, log))
	if p.client != nil {
		mux.Handle("POST "+webhookPath, reported(ops, p.client, now, log))
	}
	if p.service != nil {
		mux.Handle(sandboxPath+"/", inTime(http.StripPrefix(sandboxPath, p.service.Page())))
	}
}

// reported hears webhooks. What they say is believed to be said by the provider, and nothing more.
func reported(ops payers, client *sandbox.Client, now func() time.Time, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sandbox.BodyLimit))
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			plain(w, http.StatusRequestEntityTooLarge)
			return
		}
		if errors.As(err, new(wire.Full)) {
			w.Header().Set("Retry-After", retryAfter)
			w.Header().Set("Connection", "close") // without waiting for the rest of it
			plain(w, http.StatusServiceUnavailable)
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
		err = ops.PaymentReported(ctx, t)
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

// later reports whether trying again later is the right answer to an error.
func later(err error) bool {
	return store.Unavailable(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

//go:embed return.de.html
var returnGerman string

//go:embed return.en.html
var returnEnglish string

// returned sends payers on who come back from the provider's page. That they come proves nothing about the payment.
// Whoever has no token of a payment gets the page of one that named none, whether or not there is such a payment.
func returned(ops payers, secret string, log *slog.Logger) http.HandlerFunc {
	own := page.New(returnGerman, returnEnglish, false)
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("payment")
		if secret == "" || !hmac.Equal([]byte(r.PathValue("token")), []byte(returnToken(secret, id))) {
			own.Write(w, r, http.StatusOK, http.StatusOK)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		next, err := ops.PaymentReturned(ctx, id)
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

// withPayment adds the payment to a page's address, so that the page knows which one to ask about. All else stays byte for
// byte: addresses may be signed, and mean something to others.
func withPayment(address, id string) string {
	page, fragment, marked := strings.Cut(address, "#")
	between := "?"
	if _, query, has := strings.Cut(page, "?"); has {
		between = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			between = ""
		}
	}
	page += between + "payment=" + url.QueryEscape(id)
	if marked {
		page += "#" + fragment
	}
	return page
}
