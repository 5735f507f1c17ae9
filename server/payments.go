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
	"nelke/internal/payment/gateway"
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

// payments is the payment provider of a process that listens.
type payments struct {
	state    string           // as /readyz names it: off, sandbox or on
	provider payment.Provider // nil: off
	demo     demoGateway      // runs in this process; nil but in a demo
	calls    *http.Transport  // connections to a provider elsewhere
	secret   string           // shared with the provider
	end      func()
}

// demoGateway is a payment gateway that runs in this process.
type demoGateway interface {
	// Run sends its webhooks until ctx ends.
	Run(ctx context.Context)
	// Wake makes Run look for webhooks at once.
	Wake()
	// Page serves the page to pay on.
	Page() http.Handler
}

// newPayments returns the provider that a configuration names, for a process that listens on addr. A new provider is added
// here, and its settings in Config.
func newPayments(cfg Config, addr string, db *store.Store, tracer *tracing.Tracer, log *slog.Logger) *payments {
	public := cfg.publicURL(addr)
	switch {
	case cfg.PaymentURL != "":
		calls := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
		return &payments{state: "on", calls: calls, secret: cfg.PaymentSecret, provider: gateway.NewClient(gateway.Options{
			URL: cfg.PaymentURL, Secret: cfg.PaymentSecret, Former: cfg.PaymentFormer, NotifyURL: public + webhookPath, HTTP: &http.Client{Transport: tracer.Transport(calls)},
		})}
	case !cfg.Demo:
		return &payments{state: "off"}
	}
	secret := cfg.PaymentSecret
	if secret == "" {
		secret = rand.Text() + rand.Text()
	}
	// It is called as over a network, and reports by HTTP, though it runs in this process.
	demo := sandbox.New(sandbox.Options{
		Store: db, Secret: secret, URL: public + sandboxPath, HTTP: &http.Client{Transport: &http.Transport{}}, Log: log,
	})
	return &payments{state: "sandbox", demo: demo, secret: secret, provider: gateway.NewClient(gateway.Options{
		URL: "http://sandbox.invalid", Secret: secret, NotifyURL: "http://" + loopback(addr) + webhookPath,
		HTTP: &http.Client{Transport: tracer.Transport(sandbox.InProcess(demo.API()))},
	})}
}

// takePayments makes the portal with its provider, and with the URLs that contain the address the process listens on.
func (p *parts) takePayments(addr string) {
	p.payments = newPayments(p.cfg, addr, p.store, p.tracer, p.log)
	public := p.cfg.publicURL(addr)
	options := p.options()
	if p.payments.provider != nil {
		options.Provider = payment.NewGuard(p.payments.provider, payment.GuardOptions{Log: p.log})
	}
	options.ReturnURL = func(payment string) string { return public + ReturnPath(p.payments.secret, payment) }
	options.Pages = append(newOrigins(p.cfg.Origins, public).pages(), p.cfg.townOrigins()...)
	p.portal = portal.New(options)
}

// ReturnPath returns the path that payers come back to. It ends with a token made of the secret, without which the handler
// neither reveals whether there is such a payment nor calls the provider.
func ReturnPath(secret, payment string) string {
	return returnPath + "/" + url.PathEscape(payment) + "/" + returnToken(secret, payment)
}

func returnToken(secret, payment string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("return\x00" + payment))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// start runs the demo's gateway, until stop.
func (p *payments) start(ctx context.Context) {
	if p.demo == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { p.demo.Run(ctx) })
	p.end = func() {
		cancel()
		running.Wait()
	}
}

// wake makes the demo's gateway compare its webhooks with the clock now.
func (p *payments) wake() {
	if p.demo != nil {
		p.demo.Wake()
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

// payers is the portal, as the handlers of payments use it.
type payers interface {
	// PaymentReported applies a provider's report.
	PaymentReported(ctx context.Context, t payment.Transaction) error
	// PaymentReturned asks the provider about a payment, and returns the page that the payer goes on to, empty where there is none.
	PaymentReturned(ctx context.Context, payment string) (page string, err error)
}

// handle registers the handlers of payments.
func (p *payments) handle(mux *http.ServeMux, ops payers, now func() time.Time, log *slog.Logger) {
	mux.Handle("GET "+returnPath+"/{payment}", handlePaymentReturn(ops, p.secret, log)) // without a token
	mux.Handle("GET "+returnPath+"/{payment}/{token}", handlePaymentReturn(ops, p.secret, log))
	if p.provider != nil {
		mux.Handle("POST "+webhookPath, handlePaymentWebhook(ops, p.provider, now, log))
	}
	if p.demo != nil {
		mux.Handle(sandboxPath+"/", inTime(http.StripPrefix(sandboxPath, p.demo.Page())))
	}
}

// handlePaymentWebhook verifies a provider's webhook and passes its report on to the portal: 204 once it is applied, 401 for
// one that isn't signed, 400 for one that isn't a report.
func handlePaymentWebhook(ops payers, provider payment.Provider, now func() time.Time, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, payment.ReportLimit))
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			writeStatus(w, http.StatusRequestEntityTooLarge)
			return
		}
		if errors.As(err, new(wire.Full)) {
			w.Header().Set("Retry-After", retryAfter)
			w.Header().Set("Connection", "close") // without waiting for the rest of it
			writeStatus(w, http.StatusServiceUnavailable)
			return
		}
		if err != nil {
			writeStatus(w, http.StatusBadRequest)
			return
		}
		t, err := provider.Report(r.Header, body, now())
		switch {
		case errors.Is(err, payment.ErrSignature):
			writeStatus(w, http.StatusUnauthorized)
			return
		case err != nil:
			writeStatus(w, http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationLimit)
		defer cancel()
		if err := ops.PaymentReported(ctx, t); err != nil {
			answerError(ctx, w, log, "a payment's report failed", err, func(status int) { writeStatus(w, status) })
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

//go:embed return.de.html
var returnGerman string

//go:embed return.en.html
var returnEnglish string

// handlePaymentReturn redirects payers who come back from the provider's page. That they come proves nothing about the
// payment. Without the payment's token the answer is the page of a payment that named none, whether or not there is such a
// payment.
func handlePaymentReturn(ops payers, secret string, log *slog.Logger) http.HandlerFunc {
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
		switch {
		case err != nil:
			answerError(ctx, w, log, "a payer's return failed", err, func(status int) { own.Write(w, r, status, status) })
		case next == "":
			own.Write(w, r, http.StatusOK, http.StatusOK)
		default:
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, withPayment(next, id), http.StatusSeeOther)
		}
	}
}

// withPayment adds the payment's id to the query of a page's address, so that the page can ask about it. All else stays byte
// for byte, since addresses may be signed.
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
