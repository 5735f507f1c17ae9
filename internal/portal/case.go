package portal

import (
	"context"
	"slices"
	"time"

	"go.jetify.com/typeid"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

func newID(prefix string) string { return typeid.Must(typeid.WithPrefix(prefix)).String() }

// OpenCaseInput opens a case under a key that the client made. The key itself is never stored, logged or part of the
// remembered input: its hash stands for it.
type OpenCaseInput struct {
	IdempotencyKey string
	Municipality   catalogue.MunicipalityKey
	CaseKey        string `json:"-"`
	Language       *string
}

// OpenCase opens a case. The same case key again is the same case, under whatever idempotency key. language is that
// of the request.
//
// Problems: INVALID_INPUT, NOT_FOUND, RATE_LIMITED.
func (p *Portal) OpenCase(ctx context.Context, in OpenCaseInput, language string) (_ *ent.CaseFile, err error) {
	defer problem.Wrap(&err, "OpenCase")

	m, err := p.Row(ctx, in.Municipality)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, problem.New(problem.NotFound, "input", "municipality")
	}
	if !identity.ValidCaseKey(in.CaseKey) {
		return nil, problem.Invalid(problem.RuleCaseKey, "input", "caseKey")
	}
	hash := identity.HashCaseKey(in.CaseKey)
	if in.Language != nil {
		language = *in.Language
	}
	// Whoever has the key has the case, so a repeat costs nothing and isn't counted against the network.
	if c, err := p.store.Reader().CaseFile.Query().Where(casefile.KeyHash(hash)).Only(ctx); err == nil {
		return p.reopened(ctx, c, m)
	} else if !ent.IsNotFound(err) {
		return nil, err
	}
	if err := takeNetwork(ctx, p.limits.Openings); err != nil {
		return nil, err
	}
	holder := identity.Actor{Kind: identity.CaseHolder, CaseKeyHash: hash}
	ctx = identity.WithActor(ctx, holder)
	done, err := p.once(ctx, request{operation: "openCase", key: in.IdempotencyKey, id: newID("case"), input: in, owner: holder.Scope()}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		c, err := tx.openCase(ctx, m, &hash, language)
		if err != nil {
			return "", err
		}
		return c.ID, nil
	})
	if ent.IsConstraintError(err) {
		// Another request with the same case key and another idempotency key was faster: the same case.
		c, err := p.store.Reader().CaseFile.Query().Where(casefile.KeyHash(hash)).Only(ctx)
		if err != nil {
			return nil, err
		}
		return p.reopened(ctx, c, m)
	}
	if err != nil {
		return nil, err
	}
	return p.reloadCase(ctx, done.id)
}

// reloadCase reads a case after its write.
func (p *Portal) reloadCase(ctx context.Context, id string) (*ent.CaseFile, error) {
	c, err := p.store.Reader().CaseFile.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return c, p.presentCases(ctx, c)
}

// presentCases shows the instants of cases in the zone of their town.
func (p *Portal) presentCases(ctx context.Context, all ...*ent.CaseFile) error {
	for _, c := range all {
		t, err := p.Town(ctx, c.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		inZone(t.Zone, &c.OpenedAt)
		inZoneIfSet(t.Zone, &c.NoticeAt)
	}
	return nil
}

// reopened is the answer to a case key that is known. A key belongs to one town: for another it is a bad key, and that
// says nothing new to whoever has the key.
func (p *Portal) reopened(ctx context.Context, c *ent.CaseFile, m *ent.Municipality) (*ent.CaseFile, error) {
	if c.MunicipalityID != m.ID {
		return nil, problem.Invalid(problem.RuleDuplicate, "input", "caseKey")
	}
	return c, p.presentCases(ctx, c)
}

// openCase writes a case with its first event. key is the hash of the case key; nil where staff open it.
func (tx *Tx) openCase(ctx context.Context, m *ent.Municipality, key *string, language string) (*ent.CaseFile, error) {
	c, err := tx.CaseFile.Create().SetMunicipalityID(m.ID).SetNillableKeyHash(key).SetLanguage(language).SetOpenedAt(tx.now).Save(ctx)
	if err != nil {
		return nil, err
	}
	return c, tx.record(ctx, c, change{subject: c.ID, action: "case.opened", after: "OPEN"})
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ViewerCase returns the case that the actor's key opens; nil for others, and for a key that was never used.
func (p *Portal) ViewerCase(ctx context.Context) (_ *ent.CaseFile, err error) {
	defer problem.Wrap(&err, "ViewerCase")

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, nil
	}
	c, err := p.store.Reader().CaseFile.Query().Where(casefile.KeyHash(actor.CaseKeyHash)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c, p.presentCases(ctx, c)
}

// Cases returns the cases that the actor may see, in the order of the ids; nil for any other.
func (p *Portal) Cases(ctx context.Context, ids []string) (_ []*ent.CaseFile, err error) {
	defer problem.Wrap(&err, "Cases(%d)", len(ids))

	found := make([]*ent.CaseFile, len(ids))
	visible, err := p.seesCases(ctx)
	if err != nil {
		return found, unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Case(id))
	}
	rows, err := p.store.Reader().CaseFile.Query().Where(withID[predicate.CaseFile](ctx, casefile.FieldID, ids...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentCases(ctx, rows...); err != nil {
		return nil, err
	}
	for _, c := range rows {
		for i, id := range ids {
			if id == c.ID {
				found[i] = c
			}
		}
	}
	return found, nil
}

// AppointmentsOf returns the appointments of cases, newest first, in the order of the cases. Whoever sees a case sees them.
func (p *Portal) AppointmentsOf(ctx context.Context, cases []*ent.CaseFile) (_ [][]*ent.Appointment, err error) {
	defer problem.Wrap(&err, "AppointmentsOf(%d)", len(cases))

	visible, err := p.seesAppointments(ctx)
	of := make([][]*ent.Appointment, len(cases))
	if err != nil {
		return of, unlessNobody(err)
	}
	all, _, err := newest(ctx, p.dependOnCases(ctx, cases), func(ids []string, limit int) ([]*ent.Appointment, error) {
		return p.store.Reader().Appointment.Query().Where(store.OneOf[predicate.Appointment](appointment.FieldCaseID, ids), visible).
			Order(ent.Desc(appointment.FieldID)).Limit(limit).All(ctx)
	}, func(a *ent.Appointment) string { return a.CaseID })
	if err != nil {
		return nil, err
	}
	for _, rows := range all {
		slices.Reverse(rows)
		if err := p.present(ctx, rows...); err != nil {
			return nil, err
		}
	}
	for i, c := range cases {
		of[i] = all[c.ID]
	}
	return of, nil
}

// CaseAppointments returns a page of the appointments of a case, newest first. Whoever sees a case sees them.
//
// Problems: INVALID_INPUT.
func (p *Portal) CaseAppointments(ctx context.Context, c *ent.CaseFile, page catalogue.Page) (_ *AppointmentConnection, err error) {
	defer problem.Wrap(&err, "CaseAppointments(%s)", c.ID)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unlessNobody(err)
	}
	first, after, err := keyset(page, listOfAppointments)
	if err != nil {
		return nil, err
	}
	where := []predicate.Appointment{appointment.CaseID(c.ID), visible}
	if after != "" {
		where = append(where, appointment.IDLT(after))
	}
	p.dependOnCases(ctx, []*ent.CaseFile{c})
	rows, err := p.store.Reader().Appointment.Query().Where(where...).Order(ent.Desc(appointment.FieldID)).Limit(atLeast(first + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	shown := keyed(rows, first, page, listOfAppointments, func(a *ent.Appointment) string { return a.ID })
	return shown, p.present(ctx, shown.Nodes...)
}

// AppointmentConnection is a page of appointments. Total is not known.
type AppointmentConnection = catalogue.Connection[*ent.Appointment]

// listOfAppointments begins the cursors of a case's appointments.
const listOfAppointments = "t\x00"
