package sandbox

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

// ErrSignature says that a report isn't proved: it has no signature, or one of somebody else, of another body, or of another time.
var ErrSignature = errors.New("the report of the payment provider isn't proved by its signature")

// ClientOptions say where the provider is, and where it reports to.
type ClientOptions struct {
	// URL is the provider's, of which the protocol's paths are below.
	URL string
	// Secret is shared with the provider.
	Secret string
	// Former is the secret before it, under which reports are still believed. Empty: there is none.
	Former string
	// NotifyURL is where the provider reports to.
	NotifyURL string
	// HTTP makes the calls. How long they may take is for their contexts to say. nil: http.DefaultClient.
	HTTP *http.Client
}

// Client is a payment provider that speaks this protocol. What it says is passed on as it was said: to judge it is not a
// client's business. It is safe for concurrent use.
type Client struct {
	url       string
	keys      keys
	former    *keys // nil: none
	notifyURL string
	http      *http.Client
}

// NewClient makes a Client.
func NewClient(o ClientOptions) *Client {
	c := &Client{url: strings.TrimRight(o.URL, "/"), keys: keysOf(o.Secret), notifyURL: o.NotifyURL, http: straight(o.HTTP)}
	if o.Former != "" {
		former := keysOf(o.Former)
		c.former = &former
	}
	return c
}

// Create sends an order. The same one again is the same transaction.
//
// Errors: payment.ErrRefused.
func (c *Client) Create(ctx context.Context, o payment.Order) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodPost, "/transactions", encode(order{
		ID: o.ID, Cents: o.Cents, Currency: o.Currency, Method: o.Method, Purpose: o.Purpose, ReturnURL: o.ReturnURL, NotifyURL: c.notifyURL,
	}), map[int]error{
		http.StatusBadRequest: payment.ErrRefused, http.StatusConflict: payment.ErrRefused, http.StatusUnprocessableEntity: payment.ErrRefused,
	})
	if err != nil {
		return t, fmt.Errorf("sandbox.Create(%s): %w", o.ID, err)
	}
	return t, nil
}

// Get says how a transaction stands.
//
// Errors: payment.ErrUnknown.
func (c *Client) Get(ctx context.Context, transaction string) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodGet, pathOf(transaction), nil, map[int]error{http.StatusNotFound: payment.ErrUnknown})
	if err != nil {
		return t, fmt.Errorf("sandbox.Get(%s): %w", transaction, err)
	}
	return t, nil
}

// Cancel ends a transaction that is open, and says how it stands then.
//
// Errors: payment.ErrUnknown.
func (c *Client) Cancel(ctx context.Context, transaction string) (payment.Transaction, error) {
	t, err := c.call(ctx, http.MethodPost, pathOf(transaction)+"/cancel", nil, map[int]error{http.StatusNotFound: payment.ErrUnknown})
	if err != nil {
		return t, fmt.Errorf("sandbox.Cancel(%s): %w", transaction, err)
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
		return t, fmt.Errorf("sandbox.Refund(%s): %w", transaction, err)
	}
	return t, nil
}

// pathOf is where a transaction is. Its id is what somebody else made it.
func pathOf(transaction string) string { return "/transactions/" + url.PathEscape(transaction) }

// call makes one request. refusals are the statuses that say for certain that nothing was done, and why; whatever else
// isn't a transaction leaves open what happened.
func (c *Client) call(ctx context.Context, method, path string, body []byte, refusals map[int]error) (payment.Transaction, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return payment.Transaction{}, err
	}
	request.Header.Set("Authorization", "Bearer "+c.keys.api)
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
	text, err := readBody(answer.Body)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("answer: %w", err)
	}
	t, err := readTransaction(text)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("answer: %w", err)
	}
	return t, nil
}

// Report reads a webhook: what the provider says, once it is proved that the provider says it, and says it now.
//
// Errors: ErrSignature. Any other says that the body is no transaction.
func (c *Client) Report(header http.Header, body []byte, now time.Time) (payment.Transaction, error) {
	if !c.keys.proves(header, body, now) && (c.former == nil || !c.former.proves(header, body, now)) {
		return payment.Transaction{}, ErrSignature
	}
	t, err := readTransaction(body)
	if err != nil {
		return payment.Transaction{}, fmt.Errorf("sandbox.Report: %w", err)
	}
	return t, nil
}
