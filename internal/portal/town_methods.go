package portal

import (
	"context"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/paymentoption"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// PaymentOptionInput is a payment method for a span of days, both ends included. No end: open.
type PaymentOptionInput struct {
	Method    string
	Enabled   bool
	ValidFrom *schedule.Date
	ValidTo   *schedule.Date
}

// SetPaymentMethodsInput is all that a town is paid with.
type SetPaymentMethodsInput struct {
	IdempotencyKey string
	Municipality   string
	Methods        []PaymentOptionInput
}

const maxMethods = 50

// SetPaymentMethods replaces the town's payment methods: past, present and to come. Payments that have begun go on. A
// method whose operator has stopped must end by its last day, whatever day it is. An import leaves the methods alone from
// then on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetPaymentMethods(ctx context.Context, in SetPaymentMethodsInput) (_ *catalogue.Town, err error) {
	defer problem.Wrap(&err, "SetPaymentMethods(%s)", in.Municipality)

	m, err := p.administered(ctx, in.Municipality, "input", "municipality")
	if err != nil {
		return nil, err
	}
	methods, err := dated(in.Methods, "input", "methods")
	if err != nil {
		return nil, err
	}
	_, err = p.once(ctx, request{operation: "setPaymentMethods", key: in.IdempotencyKey, id: m.ID, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		m, err := tx.lockTown(ctx, m.ID)
		if err != nil {
			return "", err
		}
		t := &catalogue.Town{Municipality: m}
		if t.Zone, err = time.LoadLocation(m.TimeZone); err != nil {
			return "", err
		}
		if t.Payments, err = tx.PaymentOption.Query().Where(paymentoption.MunicipalityID(m.ID)).Order(paymentoption.ByPosition()).All(ctx); err != nil {
			return "", err
		}
		today := t.Today(tx.now)
		before := strings.Join(t.MethodsOn(today), " ")
		if t.Payments, err = tx.replaceMethods(ctx, m.ID, methods); err != nil {
			return "", err
		}
		if err := tx.Municipality.UpdateOneID(m.ID).SetMethodsSet(true).Exec(ctx); err != nil {
			return "", err
		}
		tx.nudge(live.Catalogue(m.ID))
		return m.ID, tx.recordTown(ctx, m, change{
			subject: m.ID, action: "municipality.methods_set", before: before, after: strings.Join(t.MethodsOn(today), " "), left: in,
		})
	})
	if err != nil {
		return nil, err
	}
	return catalogue.ReadTown(ctx, p.store.Reader(), m.ID, p.clock())
}

// ResetPaymentMethodsInput names a town.
type ResetPaymentMethodsInput struct {
	IdempotencyKey string
	Municipality   string
}

// ResetPaymentMethods gives the payment methods of a town back to its file: they stay until the next import, and are the file's
// from then on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN.
func (p *Portal) ResetPaymentMethods(ctx context.Context, in ResetPaymentMethodsInput) (_ *catalogue.Town, err error) {
	defer problem.Wrap(&err, "ResetPaymentMethods(%s)", in.Municipality)

	m, err := p.administered(ctx, in.Municipality, "input", "municipality")
	if err != nil {
		return nil, err
	}
	_, err = p.once(ctx, request{operation: "resetPaymentMethods", key: in.IdempotencyKey, id: m.ID, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		m, err := tx.lockTown(ctx, m.ID)
		if err != nil {
			return "", err
		}
		if err := tx.Municipality.UpdateOneID(m.ID).SetMethodsSet(false).Exec(ctx); err != nil {
			return "", err
		}
		if err := tx.readFileAgain(ctx, m.ID); err != nil {
			return "", err
		}
		tx.nudge(live.Catalogue(m.ID))
		return m.ID, tx.recordTown(ctx, m, change{subject: m.ID, action: "municipality.methods_reset", left: in})
	})
	if err != nil {
		return nil, err
	}
	return catalogue.ReadTown(ctx, p.store.Reader(), m.ID, p.clock())
}

// dated reads payment methods and holds them to the rules of a town's file.
func dated(in []PaymentOptionInput, path ...string) ([]town.PaymentMethod, error) {
	if len(in) > maxMethods {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 0, Max: maxMethods, Path: path}
	}
	methods := make([]town.PaymentMethod, len(in))
	for i, o := range in {
		methods[i] = town.PaymentMethod{Method: town.Method(o.Method), Enabled: o.Enabled}
		if o.ValidFrom != nil {
			methods[i].ValidFrom = town.Date(o.ValidFrom.String())
		}
		if o.ValidTo != nil {
			methods[i].ValidTo = town.Date(o.ValidTo.String())
		}
	}
	return methods, firstFault(town.CheckMethods(methods), path...)
}

// replaceMethods writes the payment methods of a town in place of those that are there.
func (tx *Tx) replaceMethods(ctx context.Context, municipality string, methods []town.PaymentMethod) ([]*ent.PaymentOption, error) {
	if _, err := tx.PaymentOption.Delete().Where(paymentoption.MunicipalityID(municipality)).Exec(ctx); err != nil {
		return nil, err
	}
	rows := make([]*ent.PaymentOption, len(methods))
	for i, m := range methods {
		row, err := tx.PaymentOption.Create().SetMunicipalityID(municipality).SetMethod(paymentoption.Method(m.Method)).SetEnabled(m.Enabled).
			SetValidFrom(string(m.ValidFrom)).SetValidTo(string(m.ValidTo)).SetPosition(i).Save(ctx)
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	return rows, nil
}
