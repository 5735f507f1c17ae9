package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nelke/internal/payment"
)

// Options name the gateway and the address it reports to.
type Options struct {
	// URL is the gateway's base address, without the protocol's paths.
	URL string
	// Secret is shared with the gateway.
	Secret string
	// Former is the secret before it: webhooks signed under it are accepted as well. Empty: there is none.
	Former string
	// NotifyURL is the address that the gateway posts its webhooks to.
	NotifyURL string
	// HTTP makes the calls, each bounded by its context alone; redirects aren't followed. nil: http.DefaultClient.
	HTTP *http.Client
}

// Client is a payment.Provider that calls a gateway. It returns what the gateway answers unchecked: the portal compares it
// with its own state. It is safe for concurrent use.
type Client struct {
	url       string
	keys      Keys
	former    *Keys // nil: none
	notifyURL string
	http      *http.Client
}

// NewClient returns a Client. It makes no call yet.
func NewClient(o Options) *Client {
	c := &Client{url: strings.TrimRight(o.URL, "/"), keys: KeysOf(o.Secret), notifyURL: o.NotifyURL, http: WithoutRedirects(o.HTTP)}
	if o.Former != "" {
		former := KeysOf(o.Former)
		c.former = &former
	}
	return c
}

// Create sends an order. The same one again is the same transaction.
//
// Errors: payment.ErrRefused.
func (c *Client) Create(ctx context.Context, o payment.Order) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodPost, "/transactions", Encode(Order{
		ID: o.ID, Cents: o.Cents, Currency: o.Currency, Method: o.Method, Purpose: o.Purpose, ReturnURL: o.ReturnURL, NotifyURL: c.notifyURL,
	}), map[int]error{
		http.StatusBadRequest: payment.ErrRefused, http.StatusConflict: payment.ErrRefused, http.StatusUnprocessableEntity: payment.ErrRefused,
	})
	if err != nil {
		return t, fmt.Errorf("gateway.Create(%s): %w", o.ID, err)
	}
	return t, nil
}

// Get returns a transaction as it stands.
//
// Errors: payment.ErrUnknown.
func (c *Client) Get(ctx context.Context, transaction string) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodGet, pathOf(transaction), nil, map[int]error{http.StatusNotFound: payment.ErrUnknown})
	if err != nil {
		return t, fmt.Errorf("gateway.Get(%s): %w", transaction, err)
	}
	return t, nil
}

// Cancel ends a transaction that is open, and returns it as it stands then.
//
// Errors: payment.ErrUnknown.
func (c *Client) Cancel(ctx context.Context, transaction string) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodPost, pathOf(transaction)+"/cancel", nil, map[int]error{http.StatusNotFound: payment.ErrUnknown})
	if err != nil {
		return t, fmt.Errorf("gateway.Cancel(%s): %w", transaction, err)
	}
	return t, nil
}

// Refund gives back all that was paid, once.
//
// Errors: payment.ErrUnknown, payment.ErrNoRefund.
func (c *Client) Refund(ctx context.Context, transaction string) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodPost, pathOf(transaction)+"/refund", nil, map[int]error{
		http.StatusNotFound: payment.ErrUnknown, http.StatusConflict: payment.ErrNoRefund, http.StatusUnprocessableEntity: payment.ErrNoRefund,
	})
	if err != nil {
		return t, fmt.Errorf("gateway.Refund(%s): %w", transaction, err)
	}
	return t, nil
}

// pathOf returns a transaction's path. The id is escaped: the gateway chose it.
func pathOf(transaction string) string { return "/transactions/" + url.PathEscape(transaction) }

// call makes one request. refusals maps each status that certainly means that nothing was done to its error. After any
// other answer that isn't a transaction the outcome is unknown.
func (c *Client) call(ctx context.Context, method, path string, body []byte, refusals map[int]error) (payment.Transaction, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return payment.Transaction{}, err
	}
	request.Header.Set("Authorization", "Bearer "+c.keys.API)
	request.Header.Set("Accept", "application/json, application/problem+json")
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return payment.Transaction{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	if refusal := refusals[answer.StatusCode]; refusal != nil {
		return payment.Transaction{}, refusal
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated {
		return payment.Transaction{}, errors.New("answered " + answer.Status)
	}
	text, err := ReadBody(answer.Body)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("answer: %w", err)
	}
	t, err := readTransaction(text)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("answer: %w", err)
	}
	return t, nil
}

// Report returns the transaction of a webhook that is signed under the secret, or the former one, within five minutes of now.
//
// Errors: payment.ErrSignature. Any other means that the body isn't a transaction.
func (c *Client) Report(header http.Header, body []byte, now time.Time) (payment.Transaction, error) {
	if !c.keys.Proves(header, body, now) && (c.former == nil || !c.former.Proves(header, body, now)) {
		return payment.Transaction{}, payment.ErrSignature
	}
	t, err := readTransaction(body)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("gateway.Report: %w", err)
	}
	return t, nil
}

// WithoutRedirects returns a copy of a client that follows no redirect and returns it as the answer. nil: of
// http.DefaultClient.
func WithoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
