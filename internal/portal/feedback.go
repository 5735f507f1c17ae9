package portal

import (
	"context"

	"nelke/ent"
	entfeedback "nelke/ent/feedback"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/normal"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// GiveFeedbackInput is what somebody says about the portal. At least one of Satisfaction and Message is given.
type GiveFeedbackInput struct {
	IdempotencyKey string
	Municipality   catalogue.MunicipalityKey
	Service        *string
	About          string
	Step           *string
	Satisfaction   *int    // 1, very dissatisfied, to 5, very satisfied
	Message        *string // of at most maxMessage characters
}

const (
	maxFeedback = 2000 // characters of a message
	maxStep     = 50   // characters of a step's name
	// feedbackMonths is how long messages are kept. They may name people; the rest names nobody, and stays.
	feedbackMonths = 12
)

// GiveFeedback takes what anybody says about the portal, and keeps nothing of who says it.
//
// Problems: NOT_FOUND, INVALID_INPUT, RATE_LIMITED.
func (p *Portal) GiveFeedback(ctx context.Context, in GiveFeedbackInput) (err error) {
	defer problem.Wrap(&err, "GiveFeedback")

	m, err := p.Row(ctx, in.Municipality)
	if err != nil {
		return err
	}
	if m == nil {
		return problem.New(problem.NotFound, "input", "municipality")
	}
	if err := p.ofTown(ctx, m, in.Service); err != nil {
		return err
	}
	if err := in.clean(); err != nil {
		return err
	}
	if identity.FromContext(ctx).Kind != identity.Staff {
		if err := takeNetwork(ctx, p.limits.Feedback); err != nil {
			return err
		}
	}
	id := newID("feedback")
	// The key belongs to nobody: an owner would tell whose two messages are.
	r := request{operation: "giveFeedback", key: in.IdempotencyKey, id: id, input: in, owner: "anybody " + in.IdempotencyKey}
	_, err = p.once(ctx, r, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		return id, tx.Feedback.Create().SetID(id).SetMunicipalityID(m.ID).SetServiceID(value(in.Service)).SetAbout(entfeedback.About(in.About)).
			SetStep(value(in.Step)).SetNillableSatisfaction(in.Satisfaction).SetNillableMessage(in.Message).SetAt(tx.now).Exec(ctx)
	})
	return err
}

// clean brings the input into the form in which it is kept. A message that says nothing is none.
func (in *GiveFeedbackInput) clean() (err error) {
	if in.Step != nil {
		step, err := cleanLine(*in.Step, 0, maxStep, "input", "step")
		if err != nil {
			return err
		}
		in.Step = &step
	}
	if in.Message != nil {
		message, err := cleanText(normal.Lines, *in.Message, 0, maxFeedback, "input", "message")
		if err != nil {
			return err
		}
		if in.Message = &message; message == "" {
			in.Message = nil
		}
	}
	if in.Satisfaction != nil && (*in.Satisfaction < 1 || *in.Satisfaction > 5) {
		return &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: 5, Path: []string{"input", "satisfaction"}}
	}
	if in.Satisfaction == nil && in.Message == nil {
		return problem.Invalid(problem.RuleFeedback, "input", "satisfaction")
	}
	return nil
}

// FeedbackConnection is a page of feedback. Total is not known.
type FeedbackConnection = catalogue.Connection[*ent.Feedback]

// listOfFeedback begins the cursors of feedback.
const listOfFeedback = "f\x00"

// FeedbackOf returns the feedback that a town got, newest first, to its staff; nil to everybody else.
//
// Problems: INVALID_INPUT.
func (p *Portal) FeedbackOf(ctx context.Context, of catalogue.MunicipalityKey, page catalogue.Page) (_ *FeedbackConnection, err error) {
	defer problem.Wrap(&err, "FeedbackOf")

	m, err := p.Row(ctx, of)
	if err != nil || m == nil || !identity.FromContext(ctx).Has(m.Ars, identity.Clerk) {
		return nil, err
	}
	t, err := p.Town(ctx, m.ID)
	if err != nil || t == nil {
		return nil, err
	}
	first, after, err := keyset(page, listOfFeedback)
	if err != nil {
		return nil, err
	}
	query := p.store.Reader().Feedback.Query().Where(entfeedback.MunicipalityID(m.ID))
	if after != "" {
		query.Where(entfeedback.IDLT(after))
	}
	rows, err := query.Order(ent.Desc(entfeedback.FieldID)).Limit(atLeast(first + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	shown := keyed(rows, first, page, listOfFeedback, func(f *ent.Feedback) string { return f.ID })
	for _, f := range shown.Nodes {
		inZone(t.Zone, &f.At)
	}
	return shown, nil
}

// FeedbackService returns the service that feedback is about; nil where it names none.
func (p *Portal) FeedbackService(ctx context.Context, f *ent.Feedback) (*catalogue.Service, error) {
	if f.ServiceID == "" {
		return nil, nil
	}
	return p.AnyService(ctx, f.ServiceID)
}

// ForgetFeedback deletes the messages of feedback that is older than twelve months. Ratings stay: they name nobody.
func (p *Portal) ForgetFeedback(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "ForgetFeedback")

	return inSlices(ctx, p, func() ([]string, error) {
		now, err := p.store.Now(ctx)
		if err != nil {
			return nil, err
		}
		return p.store.Reader().Feedback.Query().Where(entfeedback.MessageNotNil(), entfeedback.AtLT(now.AddDate(0, -feedbackMonths, 0))).
			Order(entfeedback.ByAt()).Limit(slice).IDs(ctx)
	}, func(ctx context.Context, tx *Tx, ids []string) error {
		a := tx.Args()
		_, err := tx.exec(ctx, a, `UPDATE feedback SET message = NULL WHERE id `+store.In(a, ids))
		return err
	})
}

// ofTown refuses a service that isn't one of the town.
func (p *Portal) ofTown(ctx context.Context, m *ent.Municipality, service *string) error {
	if service == nil {
		return nil
	}
	s, err := p.AnyService(ctx, *service)
	if err == nil && (s == nil || s.MunicipalityID != m.ID) {
		err = problem.New(problem.NotFound, "input", "service")
	}
	return err
}
