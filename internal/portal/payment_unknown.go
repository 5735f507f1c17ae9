package portal

import (
	"context"
	"time"

	"nelke/ent"
	"nelke/ent/unknownpayment"
	"nelke/internal/payment"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// maxUnknown is how many reports of unknown payments are kept at most: whoever has the provider's secret makes no more rows.
const maxUnknown = 1000

// unknown keeps what a provider says of money for an order that isn't ours, so that somebody looks for its owner. It returns
// ErrNoPayment.
func (p *Portal) unknown(ctx context.Context, t payment.Transaction) error {
	if t.Status != payment.Paid && t.Status != payment.Refunded {
		return ErrNoPayment
	}
	var news int64
	err := p.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		a := tx.Args()
		done, err := tx.SQL.ExecContext(ctx, `INSERT INTO unknown_payments (order_id, transaction_id, said, cents, at) SELECT `+
			a.Bind(printable(t.Order))+`, `+a.Bind(printable(t.ID))+`, `+a.Bind(string(t.Status))+`, `+bigint(a.Bind(t.Cents))+`, `+a.Now()+
			` WHERE (SELECT count(*) FROM unknown_payments) < `+a.Bind(maxUnknown)+` ON CONFLICT DO NOTHING`, a.List()...)
		if err != nil {
			return err
		}
		news, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return err
	}
	if news > 0 {
		p.log.ErrorContext(ctx, "the payment provider speaks of money for an order that isn't ours", "order", printable(t.Order),
			"transaction", printable(t.ID), "status", t.Status, "cents", t.Cents)
	}
	return ErrNoPayment
}

// UnknownPayment is money that the provider has taken for an order that isn't ours, and hasn't given back.
type UnknownPayment struct {
	Order, Transaction string
	Cents              int
	At                 time.Time // when the provider said so first
}

// UnknownPayments lists money that no payment of ours explains, the oldest first, at most 1000.
func (p *Portal) UnknownPayments(ctx context.Context) (list []UnknownPayment, err error) {
	defer problem.Wrap(&err, "UnknownPayments")

	rows, err := p.store.Reader().UnknownPayment.Query().Order(ent.Asc(unknownpayment.FieldID)).All(ctx)
	if err != nil {
		return nil, err
	}
	refunded := map[string]bool{}
	for _, row := range rows {
		if row.Said == string(payment.Refunded) {
			refunded[row.OrderID] = true
		}
	}
	for _, row := range rows {
		if !refunded[row.OrderID] {
			list = append(list, UnknownPayment{row.OrderID, row.TransactionID, row.Cents, row.At})
		}
	}
	return list, nil
}
