package portal

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"nelke/ent"
	"nelke/ent/casefile"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/normal"
	"nelke/internal/problem"
)

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
		return problem.Invalid(problem.RuleEmail, "input", "person", "email")
	}
	return nil
}

func (in PersonInput) set(a *ent.Appointment) {
	a.GivenName, a.FamilyName = in.GivenName, in.FamilyName
	a.Email, a.Phone = value(in.Email), value(in.Phone)
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
// Germany has them and postal codes everywhere, so both are asked for there, as forms do; other countries haven't.
func (in *PostalAddressInput) clean(path ...string) (err error) {
	typed, _ := normal.Line(in.Country)
	if in.Country = strings.ToUpper(typed); !country.MatchString(in.Country) {
		return &problem.Problem{Code: problem.InvalidInput, Path: append(slices.Clone(path), "country")}
	}
	least := 0
	if in.Country == home {
		least = 1
	}
	in.PostalCode = normal.Digits(in.PostalCode)
	for _, part := range []struct {
		text     *string
		min, max int
		field    string
	}{
		{&in.Street, 1, 100, "street"}, {&in.HouseNumber, least, 20, "houseNumber"}, {&in.PostalCode, least, 16, "postalCode"}, {&in.City, 1, 100, "city"},
	} {
		if *part.text, err = cleanLine(*part.text, part.min, part.max, append(slices.Clone(path), part.field)...); err != nil {
			return err
		}
	}
	return nil
}

// home is the towns' country.
const home = "DE"

// country is the form of an ISO 3166-1 alpha-2 code.
var country = regexp.MustCompile(`^[A-Z]{2}$`)

// SetContact sets who can be reached about the actor's case. The current privacy notice comes before the data.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, NOTICE_NOT_ACKNOWLEDGED, INVALID_INPUT.
func (p *Portal) SetContact(ctx context.Context, in SetContactInput) (_ *ent.CaseFile, err error) {
	defer problem.Wrap(&err, "SetContact")

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, problem.New(problem.Unauthenticated)
	}
	if err := in.clean(); err != nil {
		return nil, err
	}
	done, err := p.once(ctx, request{operation: "setContact", key: in.IdempotencyKey, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.KeyHash(actor.CaseKeyHash))
		if err != nil {
			return "", err
		}
		if c == nil {
			return "", problem.New(problem.NotFound)
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
	t, err := p.Town(ctx, c.MunicipalityID)
	if err != nil {
		return err
	}
	if given == nil {
		if t.NoticeInForce(c.NoticeID, c.Language, tx.now) == nil {
			return problem.New(problem.NoticeNotAcknowledged, "input", "privacyNotice")
		}
		return nil
	}
	notice := t.NoticeInForce(*given, c.Language, tx.now)
	switch {
	case notice == nil:
		return &problem.Problem{Code: problem.NoticeNotAcknowledged, Rule: problem.RuleOutdated, Path: []string{"input", "privacyNotice"}}
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
