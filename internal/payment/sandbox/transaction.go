package sandbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"nelke/internal/payment"
	"nelke/internal/payment/gateway"
	"nelke/internal/store"
)

// row is a transaction as the table keeps it.
type row struct {
	gateway.Order

	id        string
	status    payment.Status
	reference string
	changed   time.Time
	attempts  int // see pause
}

// said is what the API and webhooks say of it.
func (s *Service) said(r row) gateway.Transaction {
	t := gateway.Transaction{
		ID: r.id, Order: r.ID, Status: r.status, Cents: r.Cents, Currency: r.Currency, Reference: r.reference,
	}
	if r.status == payment.Open {
		t.URL = s.url + "/pay/" + r.id
	}
	return t
}

var errUnknown = errors.New("no such transaction")

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// read returns the transaction whose column has a value.
func (s *Service) read(ctx context.Context, from querier, column, value string) (r row, err error) {
	a := s.store.Args()
	err = from.QueryRowContext(ctx, `SELECT id, request_id, cents, currency, method, purpose, return_url, notify_url, status, reference, changed_at, attempts
		FROM sandbox_transactions WHERE `+column+` = `+a.Bind(value), a.List()...).
		Scan(&r.id, &r.ID, &r.Cents, &r.Currency, &r.Method, &r.Purpose, &r.ReturnURL, &r.NotifyURL, &r.status, &r.reference, &r.changed, &r.attempts)
	if errors.Is(err, sql.ErrNoRows) {
		err = errUnknown
	}
	return r, err
}

// idPrefix begins the id of a transaction. The rest can't be guessed: whoever has it may choose how the payment ends.
const idPrefix = "sandbox_"

// get returns a transaction.
//
// Errors: errUnknown.
func (s *Service) get(ctx context.Context, id string) (row, error) {
	if !regexp.MustCompile(`^` + idPrefix + `[a-z2-7]{26}$`).MatchString(id) {
		return row{}, errUnknown // and the database isn't shown what can't be text there
	}
	r, err := s.read(ctx, s.store.ReadDB(), "id", id)
	if err != nil {
		return row{}, fmt.Errorf("get(%s): %w", id, err)
	}
	return r, nil
}

// create takes an order. One with the same id is the same transaction, and isn't new.
//
// Errors: errOther for one with the same id about something else.
func (s *Service) create(ctx context.Context, o gateway.Order) (r row, isNew bool, err error) {
	id := idPrefix + strings.ToLower(rand.Text())
	err = s.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		a := tx.Args()
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		at := a.Bind(now)
		// There is no webhook for an open one: the answer says so.
		if _, err := tx.SQL.ExecContext(ctx, `INSERT INTO sandbox_transactions
			(id, request_id, cents, currency, method, purpose, return_url, notify_url, status, created_at, changed_at, notified_at)
			VALUES (`+a.Bind(id)+`, `+a.Bind(o.ID)+`, `+a.Bind(o.Cents)+`, `+a.Bind(o.Currency)+`, `+a.Bind(o.Method)+`, `+
			a.Bind(o.Purpose)+`, `+a.Bind(o.ReturnURL)+`, `+a.Bind(o.NotifyURL)+`, 'OPEN', `+at+`, `+at+`, `+at+`)
			ON CONFLICT (request_id) DO NOTHING`, a.List()...); err != nil {
			return err
		}
		r, err = s.read(ctx, tx.SQL, "request_id", o.ID)
		return err
	})
	if err != nil {
		return row{}, false, fmt.Errorf("create(%s): %w", o.ID, err)
	}
	// Another process of the same service has other addresses, and may repeat what this one began.
	o.ReturnURL, o.NotifyURL = r.ReturnURL, r.NotifyURL
	if o != r.Order {
		return row{}, false, errOther
	}
	return r, r.id == id, nil
}

var errOther = errors.New("another order has this id")

// move changes the state of a transaction that is in from, whose webhook is due then, and returns how it stands: as it is, if
// somebody else was quicker.
//
// Errors: errUnknown.
func (s *Service) move(ctx context.Context, id string, from, to payment.Status) (r row, err error) {
	if _, err := s.get(ctx, id); err != nil {
		return row{}, err
	}
	moved := int64(0)
	err = s.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		a := tx.Args()
		set := ``
		if to == payment.Paid {
			set = `, reference = ` + a.Bind("SBX-"+rand.Text()[:10])
		}
		done, err := tx.SQL.ExecContext(ctx, `UPDATE sandbox_transactions SET status = `+a.Bind(string(to))+set+
			`, changed_at = `+a.Now()+`, notified_at = NULL, attempts = 0 WHERE id = `+a.Bind(id)+` AND status = `+a.Bind(string(from)), a.List()...)
		if err != nil {
			return err
		}
		if moved, err = done.RowsAffected(); err != nil {
			return err
		}
		r, err = s.read(ctx, tx.SQL, "id", id)
		return err
	})
	if err != nil {
		return row{}, fmt.Errorf("move(%s, %s, %s): %w", id, from, to, err)
	}
	if moved > 0 {
		s.Wake()
	}
	return r, nil
}

// methods are the ways to pay, as pages name them.
func methods() map[string]string {
	return map[string]string{"CREDIT_CARD": "", "GIROPAY": "giropay", "PAYDIREKT": "paydirekt", "PAYPAL": "PayPal", "WERO": "Wero"}
}

// maxCents is the amount that XBezahldienste 1.2.0 takes at most.
const maxCents = 999_999_00

// fault returns what is wrong with an order; empty if nothing is. The rules are those of XBezahldienste 1.2.0, PaymentRequest.
func fault(o gateway.Order) string {
	_, known := methods()[o.Method]
	switch {
	case !regexp.MustCompile(`^[\w-]{1,64}$`).MatchString(o.ID):
		return "id must be 1 to 64 letters, digits, _ and -"
	case o.Cents < 1 || o.Cents > maxCents:
		return fmt.Sprintf("cents must be from 1 to %d", maxCents)
	case o.Currency != "EUR":
		return "currency must be EUR"
	case !known:
		return "method is unknown"
	case !regexp.MustCompile(`^[\w -]{1,27}$`).MatchString(o.Purpose):
		return "purpose must be 1 to 27 letters, digits, spaces, _ and -"
	case slices.ContainsFunc([]string{o.ReturnURL, o.NotifyURL}, func(address string) bool {
		u, err := url.Parse(address)
		return err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(address) > 2082
	}):
		return "returnUrl and notifyUrl must be addresses that begin with https:// or http://"
	}
	return ""
}
