package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment/gateway"
	"nelke/server"
)

// Bank is a payment provider in the hands of a test: it speaks the protocol of the sandbox, does what the test says, and
// misbehaves where the test wants it to.
type Bank struct {
	URL    string
	Secret string

	t             testing.TB
	mu            sync.Mutex
	deals         map[string]*Deal // by order
	calls         []string
	before, after func(call string, d Deal) *Reply // see Misbehave
}

// Deal is a transaction at the bank.
type Deal struct {
	ID        string `json:"id"`
	Order     string `json:"order"`
	Status    string `json:"status"`
	Cents     int    `json:"cents"`
	Currency  string `json:"currency"`
	URL       string `json:"url,omitempty"`
	Reference string `json:"reference,omitempty"`

	Method, Purpose, ReturnURL, NotifyURL string `json:"-"`
}

// Reply is an answer of the bank's own making. A status of 0 cuts the connection off.
type Reply struct {
	Status int
	Body   string
}

// NewBank opens a bank. It closes with the test.
func NewBank(t testing.TB) *Bank {
	t.Helper()
	b := &Bank{Secret: "a secret that only the bank and the town know", t: t, deals: map[string]*Deal{}}
	server := httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(server.Close)
	b.URL = server.URL
	return b
}

// Takes makes a server pay by this bank.
func (b *Bank) Takes(c *server.Config) { c.PaymentURL, c.PaymentSecret = b.URL, b.Secret }

// Misbehave sets what is answered instead of the truth, before and after a call has its effect; nil: the truth.
func (b *Bank) Misbehave(before, after func(call string, d Deal) *Reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before, b.after = before, after
}

// Calls are the calls so far: "create", "get", "cancel" or "refund", with the order.
func (b *Bank) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.calls...)
}

// Deals are the bank's books.
func (b *Bank) Deals() []Deal {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Deal
	for _, d := range b.deals {
		all = append(all, *d)
	}
	return all
}

// Deal is what the bank has of an order.
func (b *Bank) Deal(order string) Deal {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.deals[order]; d != nil {
		return *d
	}
	return Deal{}
}

// Pays is the payer paying another amount than asked.
func (b *Bank) Pays(order string, cents int) Deal {
	b.mu.Lock()
	if d := b.deals[order]; d != nil && d.Status == "OPEN" {
		d.Cents = cents
	}
	b.mu.Unlock()
	return b.Ends(order, "PAID")
}

// Ends is the payer choosing how a payment ends: PAID, FAILED or CANCELED. It has no effect on one that has ended.
func (b *Bank) Ends(order, status string) Deal {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.deals[order]
	if d == nil || d.Status != "OPEN" {
		return Deal{}
	}
	d.Status = status
	if status == "PAID" {
		d.Reference = "KZ-" + d.ID
	}
	return *d
}

// Tells sends a webhook with what the bank has, or what the changes make of it, and gives the status of the answer.
func (b *Bank) Tells(p *Process, d Deal) int {
	b.t.Helper()
	body, err := json.Marshal(d)
	require.NoError(b.t, err)
	return b.Posts(p, body, gateway.KeysOf(b.Secret).Sign(p.Clock.Now(), body))
}

// Posts sends any webhook.
func (b *Bank) Posts(p *Process, body []byte, header http.Header) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/payments/webhook", bytes.NewReader(body))
	require.NoError(b.t, err)
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// Paid pays an order and reports it.
func (b *Bank) Paid(p *Process, order string) {
	b.t.Helper()
	require.Equal(b.t, http.StatusNoContent, b.Tells(p, b.Ends(order, "PAID")))
}

func (b *Bank) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	call, d := b.find(r)
	if d == nil {
		http.NotFound(w, r)
		return
	}
	b.calls = append(b.calls, call+" "+d.Order)
	if b.before != nil {
		if reply := b.before(call, *d); reply != nil {
			reply.write(w)
			return
		}
	}
	if call == "create" {
		b.deals[d.Order] = d
	}
	if call == "cancel" && d.Status == "OPEN" {
		d.Status = "CANCELED"
	}
	if call == "refund" {
		if d.Status != "PAID" && d.Status != "REFUNDED" {
			http.Error(w, "{}", http.StatusConflict)
			return
		}
		d.Status = "REFUNDED"
	}
	if b.after != nil {
		if reply := b.after(call, *d); reply != nil {
			reply.write(w)
			return
		}
	}
	_ = json.NewEncoder(w).Encode(d)
}

// find is the call that a request makes, and the deal that it is about: a new one for a new order.
func (b *Bank) find(r *http.Request) (call string, d *Deal) {
	if r.Method == http.MethodPost && r.URL.Path == "/transactions" {
		var o struct {
			ID, Currency, Method, Purpose, ReturnURL, NotifyURL string
			Cents                                               int
		}
		if json.NewDecoder(r.Body).Decode(&o) != nil {
			return "", nil
		}
		if d := b.deals[o.ID]; d != nil {
			return "create", d
		}
		id := fmt.Sprintf("T-%d", len(b.deals)+1)
		return "create", &Deal{
			ID: id, Order: o.ID, Status: "OPEN", Cents: o.Cents, Currency: o.Currency, URL: b.URL + "/pay/" + id,
			Method: o.Method, Purpose: o.Purpose, ReturnURL: o.ReturnURL, NotifyURL: o.NotifyURL,
		}
	}
	id, call, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/transactions/"), "/")
	if call == "" {
		call = "get"
	}
	for _, d := range b.deals {
		if d.ID == id {
			return call, d
		}
	}
	return "", nil
}

func (r *Reply) write(w http.ResponseWriter) {
	if r.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(r.Status)
	_, _ = io.WriteString(w, r.Body)
}
