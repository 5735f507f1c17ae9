package portal

import (
	"context"
	"regexp"
	"slices"
	"time"

	"go.jetify.com/typeid"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/store"
)

func newID(prefix string) string { return typeid.Must(typeid.WithPrefix(prefix)).String() }

// OpenCaseInput opens a case under a key that the client made. The key itself is never stored, logged or part of the
// remembered input: its hash stands for it.
type OpenCaseInput struct {
	IdempotencyKey string
	Municipality   MunicipalityKey
	CaseKey        string `json:"-"`
	Language       *string
}

// OpenCase opens a case. The same case key again is the same case, under whatever idempotency key. language is that
// of the request.
//
// Problems: INVALID_INPUT, NOT_FOUND, RATE_LIMITED.
func (p *Portal) OpenCase(ctx context.Context, in OpenCaseInput, language string) (_ *ent.CaseFile, err error) {
	defer wrap(&err, "OpenCase")

	m, err := p.municipality(ctx, in.Municipality)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, refuse(NotFound, "input", "municipality")
	}
	if !identity.ValidCaseKey(in.CaseKey) {
		return nil, invalid(RuleCaseKey, "input", "caseKey")
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
	done, err := p.once(ctx, "openCase", holder.Scope(), in.IdempotencyKey, newID("case"), in, func(ctx context.Context, tx *Tx) (string, error) {
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
		t, err := p.town(ctx, c.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		c.OpenedAt = c.OpenedAt.In(t.Zone)
		if c.NoticeAt != nil {
			at := c.NoticeAt.In(t.Zone)
			c.NoticeAt = &at
		}
	}
	return nil
}

// reopened is the answer to a case key that is known. A key belongs to one town: for another it is a bad key, and that
// says no more than the caller knows.
func (p *Portal) reopened(ctx context.Context, c *ent.CaseFile, m *ent.Municipality) (*ent.CaseFile, error) {
	if c.MunicipalityID != m.ID {
		return nil, invalid(RuleDuplicate, "input", "caseKey")
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

// PersonInput is whom an appointment is for.
type PersonInput struct {
	GivenName  string
	FamilyName string
	Email      *string
	Phone      *string
}

// clean brings a person into the form in which it is kept.
func (in *PersonInput) clean(reminder bool) error {
	if err := cleanName(&in.GivenName, &in.FamilyName, "input", "person"); err != nil {
		return err
	}
	if err := cleanReach(in.Email, in.Phone, "input", "person"); err != nil {
		return err
	}
	if reminder && value(in.Email) == "" {
		return invalid(RuleEmail, "input", "person", "email")
	}
	return nil
}

func (in PersonInput) set(a *ent.Appointment) {
	a.GivenName, a.FamilyName = in.GivenName, in.FamilyName
	a.Email, a.Phone = value(in.Email), value(in.Phone)
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// PostalAddressInput is a postal address.
type PostalAddressInput struct {
	Street      string
	HouseNumber string
	PostalCode  string
	City        string
	Country     string
}

// SetContactInput sets who can be reached about the case.
type SetContactInput struct {
	IdempotencyKey string
	PrivacyNotice  *string
	GivenName      string
	FamilyName     string
	Email          *string
	Phone          *string
	Address        *PostalAddressInput
	Language       *string
}

// clean brings a contact into the form in which it is kept.
func (in *SetContactInput) clean() error {
	if err := cleanName(&in.GivenName, &in.FamilyName, "input"); err != nil {
		return err
	}
	if err := cleanReach(in.Email, in.Phone, "input"); err != nil {
		return err
	}
	if in.Address == nil {
		return nil
	}
	return in.Address.clean("input", "address")
}

// clean brings an address into the form in which it is kept. House numbers are as they exist: 12a-c, 7/2, 14½, Schloß.
func (in *PostalAddressInput) clean(path ...string) (err error) {
	for _, part := range []struct {
		text  *string
		max   int
		field string
	}{
		{&in.Street, 100, "street"}, {&in.HouseNumber, 20, "houseNumber"}, {&in.PostalCode, 16, "postalCode"}, {&in.City, 100, "city"},
	} {
		if *part.text, err = cleanLine(*part.text, 1, part.max, append(slices.Clone(path), part.field)...); err != nil {
			return err
		}
	}
	if !country.MatchString(in.Country) {
		return &Problem{Code: InvalidInput, Path: append(slices.Clone(path), "country")}
	}
	return nil
}

// country is the form of an ISO 3166-1 alpha-2 code.
var country = regexp.MustCompile(`^[A-Z]{2}$`)

// SetContact sets who can be reached about the actor's case. The current privacy notice comes before the data.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, NOTICE_NOT_ACKNOWLEDGED, INVALID_INPUT.
func (p *Portal) SetContact(ctx context.Context, in SetContactInput) (_ *ent.CaseFile, err error) {
	defer wrap(&err, "SetContact")

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, refuse(Unauthenticated)
	}
	if err := in.clean(); err != nil {
		return nil, err
	}
	done, err := p.once(ctx, "setContact", actor.Scope(), in.IdempotencyKey, "", in, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.KeyHash(actor.CaseKeyHash))
		if err != nil {
			return "", err
		}
		if c == nil {
			return "", refuse(NotFound)
		}
		if err := p.acknowledge(ctx, tx, c, in.PrivacyNotice); err != nil {
			return "", err
		}
		address := PostalAddressInput{}
		if in.Address != nil {
			address = *in.Address
		}
		language := c.Language
		if in.Language != nil {
			language = *in.Language
		}
		was, err := tx.CaseFile.Query().Where(casefile.ID(c.ID)).
			Select(casefile.FieldID, casefile.FieldGivenName, casefile.FieldFamilyName).Only(ctx)
		if err != nil {
			return "", err
		}
		is := &ent.CaseFile{GivenName: in.GivenName, FamilyName: in.FamilyName}
		if err := tx.renameContact(ctx, was, is); err != nil {
			return "", err
		}
		if err := tx.CaseFile.UpdateOneID(c.ID).
			SetGivenName(in.GivenName).SetFamilyName(in.FamilyName).
			SetEmail(value(in.Email)).SetPhone(value(in.Phone)).SetLanguage(language).
			SetStreet(address.Street).SetHouseNumber(address.HouseNumber).SetPostalCode(address.PostalCode).
			SetCity(address.City).SetCountry(address.Country).Exec(ctx); err != nil {
			return "", err
		}
		tx.nudge(live.Case(c.ID))
		return c.ID, tx.record(ctx, c, change{subject: c.ID, action: "case.contact_set", before: "OPEN", after: "OPEN", left: in})
	})
	if err != nil {
		return nil, err
	}
	return p.reloadCase(ctx, done.id)
}

// acknowledge notes on the case that the notice in force was acknowledged, if this write says so, and refuses to go on
// where it never was.
func (p *Portal) acknowledge(ctx context.Context, tx *Tx, c *ent.CaseFile, given *string) error {
	t, err := p.town(ctx, c.MunicipalityID)
	if err != nil {
		return err
	}
	if given == nil {
		if t.inForce(c.NoticeID, c.Language, tx.now) == nil {
			return refuse(NoticeNotAcknowledged, "input", "privacyNotice")
		}
		return nil
	}
	notice := t.inForce(*given, c.Language, tx.now)
	switch {
	case notice == nil:
		return &Problem{Code: NoticeNotAcknowledged, Rule: RuleOutdated, Path: []string{"input", "privacyNotice"}}
	case notice.ID == c.NoticeID:
		return nil
	}
	if err := tx.CaseFile.UpdateOneID(c.ID).SetNoticeID(notice.ID).SetNoticeAt(tx.now).Exec(ctx); err != nil {
		return err
	}
	tx.nudge(live.Case(c.ID))
	return tx.record(ctx, c, change{
		subject: c.ID, action: "case.notice_acknowledged", before: c.NoticeID, after: notice.ID, left: notice.Sha256,
	})
}

// ViewerCase gives the case that the actor's key opens; nil for others, and for a key that was never used.
func (p *Portal) ViewerCase(ctx context.Context) (_ *ent.CaseFile, err error) {
	defer wrap(&err, "ViewerCase")

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

// Cases gives the cases that the actor may see, in the order of the ids; nil for any other.
func (p *Portal) Cases(ctx context.Context, ids []string) (_ []*ent.CaseFile, err error) {
	defer wrap(&err, "Cases(%d)", len(ids))

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

// AppointmentsOf gives the appointments of cases, newest first, in the order of the cases. Whoever sees a case sees them.
func (p *Portal) AppointmentsOf(ctx context.Context, cases []*ent.CaseFile) (_ [][]*ent.Appointment, err error) {
	defer wrap(&err, "AppointmentsOf(%d)", len(cases))

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

// CaseAppointments gives a page of the appointments of a case, newest first. Whoever sees a case sees them.
//
// Problems: INVALID_INPUT.
func (p *Portal) CaseAppointments(ctx context.Context, c *ent.CaseFile, page Page) (_ *AppointmentConnection, err error) {
	defer wrap(&err, "CaseAppointments(%s)", c.ID)

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
	rows, err := p.store.Reader().Appointment.Query().Where(where...).Order(ent.Desc(appointment.FieldID)).Limit(first + 1).All(ctx)
	if err != nil {
		return nil, err
	}
	return keyed(rows, first, page, listOfAppointments, func(a *ent.Appointment) string { return a.ID }), p.present(ctx, rows...)
}

// AppointmentConnection is a page of appointments. Total is not known.
type AppointmentConnection = Connection[*ent.Appointment]

// listOfAppointments begins the cursors of a case's appointments.
const listOfAppointments = "t\x00"
