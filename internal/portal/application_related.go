package portal

import (
	"context"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/informationrequest"
	entpayment "nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// What stands beside an application, for many at once: each with a constant number of statements. Whoever sees an
// application sees all of it.

// ApplicationsOf returns the applications of cases that the actor may see, newest first, in the order of the cases.
func (p *Portal) ApplicationsOf(ctx context.Context, cases []*ent.CaseFile) (_ [][]*ent.Application, err error) {
	defer problem.Wrap(&err, "ApplicationsOf(%d)", len(cases))

	of := make([][]*ent.Application, len(cases))
	visible, err := p.seesApplications(ctx)
	if err != nil {
		return of, unlessNobody(err)
	}
	all, _, err := newest(ctx, p.dependOnCases(ctx, cases), func(ids []string, limit int) ([]*ent.Application, error) {
		return p.store.Reader().Application.Query().Where(store.OneOf[predicate.Application](application.FieldCaseID, ids), visible).
			Order(ent.Desc(application.FieldID)).Limit(limit).All(ctx)
	}, func(a *ent.Application) string { return a.CaseID })
	if err != nil {
		return nil, err
	}
	for _, rows := range all {
		slices.Reverse(rows)
		if err := p.presentApplications(ctx, rows...); err != nil {
			return nil, err
		}
	}
	for i, c := range cases {
		of[i] = all[c.ID]
	}
	return of, nil
}

// CaseApplications returns a page of the applications of a case that the actor may see, newest first.
//
// Problems: INVALID_INPUT.
func (p *Portal) CaseApplications(ctx context.Context, c *ent.CaseFile, page catalogue.Page) (_ *ApplicationConnection, err error) {
	defer problem.Wrap(&err, "CaseApplications(%s)", c.ID)

	visible, err := p.seesApplications(ctx)
	if err != nil {
		return nil, unlessNobody(err)
	}
	first, after, err := keyset(page, listOfApplications)
	if err != nil {
		return nil, err
	}
	where := []predicate.Application{application.CaseID(c.ID), visible}
	if after != "" {
		where = append(where, application.IDLT(after))
	}
	p.dependOnCases(ctx, []*ent.CaseFile{c})
	rows, err := p.store.Reader().Application.Query().Where(where...).Order(ent.Desc(application.FieldID)).Limit(atLeast(first + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	shown := keyed(rows, first, page, listOfApplications, func(a *ent.Application) string { return a.ID })
	return shown, p.presentApplications(ctx, shown.Nodes...)
}

// listOfApplications begins the cursors of a case's applications.
const listOfApplications = "a\x00"

// dependOnCases notes what is read of cases, and gives their ids.
func (p *Portal) dependOnCases(ctx context.Context, cases []*ent.CaseFile) []string {
	ids := make([]string, len(cases))
	for i, c := range cases {
		ids[i] = c.ID
		p.depend(ctx, time.Time{}, live.Case(c.ID))
	}
	return ids
}

// paymentsOf returns the payments of applications, oldest first.
func (p *Portal) paymentsOf(ctx context.Context, apps []*ent.Application) (map[string][]*ent.Payment, error) {
	of, _, err := newest(ctx, p.dependOn(ctx, apps), func(ids []string, limit int) ([]*ent.Payment, error) {
		return p.store.Reader().Payment.Query().Where(store.OneOf[predicate.Payment](entpayment.FieldApplicationID, ids)).
			Order(ent.Desc(entpayment.FieldID)).Limit(limit).All(ctx)
	}, func(pay *ent.Payment) string { return pay.ApplicationID })
	if err != nil {
		return nil, err
	}
	for _, rows := range of {
		if err := p.presentPayments(ctx, rows...); err != nil {
			return nil, err
		}
	}
	return of, nil
}

// dependOn notes what is read of applications, and gives their ids.
func (p *Portal) dependOn(ctx context.Context, apps []*ent.Application) []string {
	ids := make([]string, len(apps))
	for i, a := range apps {
		ids[i] = a.ID
		p.depend(ctx, time.Time{}, live.Application(a.ID))
	}
	return ids
}

// PaymentOf returns the payment of each application that matters most: the one that paid for it, else the one under way,
// else the last one; nil where there is none.
func (p *Portal) PaymentOf(ctx context.Context, apps []*ent.Application) (_ []*ent.Payment, err error) {
	defer problem.Wrap(&err, "PaymentOf(%d)", len(apps))

	all, err := p.paymentsOf(ctx, apps)
	if err != nil {
		return nil, err
	}
	of := make([]*ent.Payment, len(apps))
	for i, a := range apps {
		f := file{payments: all[a.ID]}
		switch {
		case f.paid() != nil:
			of[i] = f.paid()
		case f.paying() != nil:
			of[i] = f.paying()
		case len(f.payments) > 0:
			of[i] = f.payments[len(f.payments)-1]
		}
	}
	return of, nil
}

// PaymentsOf returns all payments of each application, oldest first.
func (p *Portal) PaymentsOf(ctx context.Context, apps []*ent.Application) (_ [][]*ent.Payment, err error) {
	defer problem.Wrap(&err, "PaymentsOf(%d)", len(apps))

	all, err := p.paymentsOf(ctx, apps)
	if err != nil {
		return nil, err
	}
	of := make([][]*ent.Payment, len(apps))
	for i, a := range apps {
		of[i] = all[a.ID]
	}
	return of, nil
}

// StepsOf returns the open steps of drafts; none for what is no draft any more.
func (p *Portal) StepsOf(ctx context.Context, apps []*ent.Application) (_ [][]Step, err error) {
	defer problem.Wrap(&err, "StepsOf(%d)", len(apps))

	steps := make([][]Step, len(apps))
	return steps, p.files(ctx, apps, func(i int, f *file) (err error) {
		steps[i] = []Step{}
		if f.Status == application.StatusDRAFT {
			steps[i], err = p.steps(f, p.clock())
		}
		return err
	})
}

// DueOf returns what each application costs, in cents: see due.
func (p *Portal) DueOf(ctx context.Context, apps []*ent.Application) (_ []int, err error) {
	defer problem.Wrap(&err, "DueOf(%d)", len(apps))

	due := make([]int, len(apps))
	return due, p.files(ctx, apps, func(i int, f *file) (err error) {
		due[i], err = f.due(p.clock())
		return err
	})
}

// files reads what decides about applications, and calls each for every one of them.
func (p *Portal) files(ctx context.Context, apps []*ent.Application, each func(i int, f *file) error) error {
	payments, err := p.paymentsOf(ctx, apps)
	if err != nil {
		return err
	}
	var ids []string
	for _, a := range apps {
		ids = append(ids, a.CaseID)
		p.depend(ctx, time.Time{}, live.Case(a.CaseID))
	}
	cases, err := p.store.Reader().CaseFile.Query().Where(store.OneOf[predicate.CaseFile](casefile.FieldID, ids)).
		Select(casefile.FieldID, casefile.FieldNoticeID, casefile.FieldNoticeAt, casefile.FieldLanguage).All(ctx)
	if err != nil {
		return err
	}
	byID := map[string]*ent.CaseFile{}
	for _, c := range cases {
		byID[c.ID] = c
	}
	for i, a := range apps {
		s, err := p.AnyService(ctx, a.ServiceID)
		if err != nil {
			return err
		}
		if s == nil || byID[a.CaseID] == nil {
			return errServiceGone
		}
		if err := each(i, &file{Application: a, c: byID[a.CaseID], service: s, payments: payments[a.ID]}); err != nil {
			return err
		}
	}
	return nil
}

// RequestsOf returns the questions of the office about applications, oldest first.
func (p *Portal) RequestsOf(ctx context.Context, apps []*ent.Application) (_ [][]*ent.InformationRequest, err error) {
	defer problem.Wrap(&err, "RequestsOf(%d)", len(apps))

	all, _, err := newest(ctx, p.dependOn(ctx, apps), func(ids []string, limit int) ([]*ent.InformationRequest, error) {
		return p.store.Reader().InformationRequest.Query().
			Where(store.OneOf[predicate.InformationRequest](informationrequest.FieldApplicationID, ids)).
			Order(ent.Desc(informationrequest.FieldID)).Limit(limit).All(ctx)
	}, func(r *ent.InformationRequest) string { return r.ApplicationID })
	if err != nil {
		return nil, err
	}
	of := make([][]*ent.InformationRequest, len(apps))
	for i, a := range apps {
		of[i] = all[a.ID]
		zone := a.StartedAt.Location() // the application has been presented: its instants are in the zone of its town
		for _, r := range of[i] {
			inZone(zone, &r.AskedAt)
			inZoneIfSet(zone, &r.AnsweredAt, &r.WithdrawnAt)
		}
	}
	return of, nil
}

// AppointmentOf gives for each application the visit that belongs to it: the next one of the same case in which the
// same service is a concern, or else the last one; nil where there is none. What was given up, or never booked, is none.
func (p *Portal) AppointmentOf(ctx context.Context, apps []*ent.Application) (_ []*ent.Appointment, err error) {
	defer problem.Wrap(&err, "AppointmentOf(%d)", len(apps))

	ids := make([]string, len(apps))
	for i, a := range apps {
		ids[i] = a.CaseID
		p.depend(ctx, time.Time{}, live.Case(a.CaseID))
	}
	rows, err := p.store.Reader().Appointment.Query().Where(store.OneOf[predicate.Appointment](appointment.FieldCaseID, ids), appointment.StatusNotIn(
		appointment.StatusHELD, appointment.StatusEXPIRED, appointment.StatusCANCELED,
	)).Order(appointment.ByStartsAt()).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.present(ctx, rows...); err != nil {
		return nil, err
	}
	visits := map[string][]*ent.Appointment{}
	for _, visit := range rows {
		visits[visit.CaseID] = append(visits[visit.CaseID], visit)
	}
	of := make([]*ent.Appointment, len(apps))
	now := p.clock()
	for i, a := range apps {
		for _, visit := range visits[a.CaseID] {
			if concerns(visit, a.ServiceID) && (of[i] == nil || !of[i].EndsAt.After(now)) {
				of[i] = visit
			}
		}
	}
	return of, nil
}

func concerns(a *ent.Appointment, service string) bool {
	for _, c := range a.Concerns {
		if c.Service == service {
			return true
		}
	}
	return false
}

// Acknowledged is which privacy notice was acknowledged, and when.
type Acknowledged struct {
	Notice *ent.PrivacyNotice
	At     *time.Time
}

// AcknowledgedOf returns the notice of each application: that of its submission, or, for a draft, the case's.
func (p *Portal) AcknowledgedOf(ctx context.Context, apps []*ent.Application) (_ []Acknowledged, err error) {
	defer problem.Wrap(&err, "AcknowledgedOf(%d)", len(apps))

	of := make([]Acknowledged, len(apps))
	return of, p.files(ctx, apps, func(i int, f *file) (err error) {
		id, at := f.NoticeID, f.NoticeAt
		if id == "" {
			id, at = f.c.NoticeID, f.c.NoticeAt
		}
		if id == "" {
			return nil
		}
		if at != nil {
			local := at.In(f.service.Town.Zone)
			at = &local
		}
		notice, err := p.PrivacyNotice(ctx, id)
		of[i] = Acknowledged{notice, at}
		return err
	})
}

// ClerkOf is the name of who works on an application, for staff; empty for the person.
func (p *Portal) ClerkOf(ctx context.Context, a *ent.Application) string {
	if identity.FromContext(ctx).Kind != identity.Staff {
		return ""
	}
	return a.ClerkName
}
