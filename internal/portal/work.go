package portal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/informationrequest"
	"nelke/internal/form"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/schedule"
)

// ApplicationConnection is a page of applications. Total is not known: to count is to read them all.
type ApplicationConnection = Connection[*ent.Application]

// WorkQueueInput says which applications of a town.
type WorkQueueInput struct {
	Municipality MunicipalityKey
	Service      *string
	Statuses     []string
	Mine         bool
	Overdue      bool
}

// maxQueue is how many applications one page of the work queue may have.
const maxQueue = 1000

// listOfWork begins the cursors of the work queue.
const listOfWork = "w\x00"

// unfinished are the states in which an application waits for somebody.
func unfinished() []string {
	return []string{
		application.StatusSUBMITTED.String(), application.StatusIN_PROGRESS.String(), application.StatusWAITING_FOR_APPLICANT.String(),
	}
}

// WorkQueue gives the applications of a town by deadline, for its staff; nil for everybody else. Drafts are never in it.
//
// Problems: INVALID_INPUT.
func (p *Portal) WorkQueue(ctx context.Context, in WorkQueueInput, page Page) (_ *ApplicationConnection, err error) {
	defer wrap(&err, "WorkQueue")

	m, err := p.municipality(ctx, in.Municipality, "input", "municipality")
	if err != nil {
		return nil, err
	}
	actor := identity.FromContext(ctx)
	if m == nil || !actor.Has(m.Ars, identity.Clerk) {
		return nil, nil
	}
	first, after, err := queuePage(page)
	if err != nil {
		return nil, err
	}
	p.depend(ctx, time.Time{}, live.WorkQueue(m.ID))
	ids, err := p.queue(ctx, m.ID, in, actor, first+1, after)
	if err != nil {
		return nil, err
	}
	more := len(ids) > first
	ids = ids[:min(first, len(ids))]
	rows, err := p.store.Reader().Application.Query().Where(application.IDIn(ids...), application.SubmittedAtNotNil()).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentApplications(ctx, rows...); err != nil {
		return nil, err
	}
	byID := map[string]*ent.Application{}
	for _, a := range rows {
		byID[a.ID] = a
	}
	c := &ApplicationConnection{Nodes: []*ent.Application{}, Before: after != nil, After: more}
	for _, id := range ids {
		a := byID[id]
		if a == nil {
			continue // gone between the two statements
		}
		c.Nodes = append(c.Nodes, a)
		c.Cursors = append(c.Cursors, place{*a.Deadline, a.ID}.cursor())
	}
	return c, nil
}

// queue reads the ids of a page. Each state is read by itself, in the order of an index, and the few that each of them
// gives are merged: how many applications there are besides makes no difference.
func (p *Portal) queue(ctx context.Context, municipality string, in WorkQueueInput, actor identity.Actor, limit int, after *place) ([]string, error) {
	statuses := in.Statuses
	if len(statuses) == 0 {
		statuses = unfinished()
	}
	now := p.clock()
	a := p.store.Args()
	town, rows := a.Bind(municipality), a.Bind(limit)
	where := ` WHERE municipality_id = ` + town
	if in.Service != nil {
		where += ` AND service_id = ` + a.Bind(*in.Service)
	}
	if in.Mine {
		where += ` AND clerk = ` + a.Bind(actor.Subject)
	}
	if in.Overdue {
		where += ` AND deadline <= ` + a.Bind(now)
	}
	if after != nil {
		where += ` AND (deadline, id) > (` + a.Bind(after.deadline) + `, ` + a.Bind(after.id) + `)`
	}
	var parts []string
	seen := map[string]bool{}
	for _, status := range statuses {
		waits := status == unfinished()[0] || status == unfinished()[1] || status == unfinished()[2]
		if seen[status] || in.Overdue && !waits {
			continue // what is done is never overdue
		}
		seen[status] = true
		parts = append(parts, `SELECT * FROM (SELECT id, deadline FROM applications`+where+` AND status = `+a.Bind(status)+
			` AND submitted_at IS NOT NULL ORDER BY deadline, id LIMIT `+rows+`) AS s`+strconv.Itoa(len(parts)))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	var ids []string
	var id string
	var deadline any
	err := p.store.Each(ctx, strings.Join(parts, ` UNION ALL `)+` ORDER BY deadline, id LIMIT `+rows, a.List(), []any{&id, &deadline}, func() {
		ids = append(ids, id)
	})
	return ids, err
}

// place is where an application stands in the queue.
type place struct {
	deadline time.Time
	id       string
}

func (c place) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(listOfWork + strconv.FormatInt(c.deadline.UnixMicro(), 10) + "\x00" + c.id))
}

func queuePage(page Page) (first int, after *place, err error) {
	first = 20
	if page.First != nil {
		first = *page.First
	}
	if first < 1 || first > maxQueue {
		return 0, nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: maxQueue, Path: []string{"first"}}
	}
	if page.After == nil {
		return first, nil, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(*page.After)
	rest, ours := strings.CutPrefix(string(decoded), listOfWork)
	micros, id, whole := strings.Cut(rest, "\x00")
	n, fault := strconv.ParseInt(micros, 10, 64)
	if err != nil || !ours || !whole || fault != nil || len(storable(id)) == 0 {
		return 0, nil, invalid(RuleCursor, "after")
	}
	return first, &place{time.UnixMicro(n), id}, nil
}

// onWork runs a clerk's write on an application of its town.
func (p *Portal) onWork(ctx context.Context, operation, key, id string, input any, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	switch identity.FromContext(ctx).Kind {
	case identity.Anonymous:
		return nil, refuse(Unauthenticated)
	case identity.CaseHolder:
		return nil, refuse(NotFound, "input", "application")
	}
	may, err := p.seesApplications(ctx)
	if err != nil {
		if unlessNobody(err) == nil {
			err = refuse(NotFound, "input", "application")
		}
		return nil, err
	}
	return p.onApplication(ctx, operation, key, id, input, may, work)
}

// onMine is onWork for the clerk who has claimed it.
func (p *Portal) onMine(ctx context.Context, operation, key, id string, input any, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	return p.onWork(ctx, operation, key, id, input, func(ctx context.Context, tx *Tx, f *file) error {
		switch {
		case f.Status == application.StatusSUBMITTED:
			return refuse(WrongState, "input", "application")
		case f.Clerk != tx.actor.Subject:
			return &Problem{Code: AlreadyClaimed, Path: []string{"input", "application"}, Clerk: f.ClerkName}
		}
		return work(ctx, tx, f)
	})
}

// ClaimApplicationInput takes an application to work on.
type ClaimApplicationInput struct {
	IdempotencyKey string
	Application    string
	TakeOver       bool
}

// ClaimApplication makes the clerk the one who works on an application. Two who claim at once: one wins, the other is
// told who. A supervisor may take it over from a colleague.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE, ALREADY_CLAIMED.
func (p *Portal) ClaimApplication(ctx context.Context, in ClaimApplicationInput) (_ *ent.Application, err error) {
	defer wrap(&err, "ClaimApplication(%s)", in.Application)

	return p.onWork(ctx, "claimApplication", in.IdempotencyKey, in.Application, in, func(ctx context.Context, tx *Tx, f *file) error {
		claim := func(next *ent.Application) { next.Clerk, next.ClerkName = tx.actor.Subject, clerkName(tx.actor) }
		claimed := f.Status == application.StatusIN_PROGRESS || f.Status == application.StatusWAITING_FOR_APPLICANT
		switch {
		case !claimed:
			if f.Status != application.StatusSUBMITTED {
				return refuse(WrongState, "input", "application")
			}
			return tx.step(ctx, f, application.StatusIN_PROGRESS, "application.claimed", claim)
		case f.Clerk == tx.actor.Subject:
			return refuse(WrongState, "input", "application")
		case !in.TakeOver:
			return &Problem{Code: AlreadyClaimed, Path: []string{"input", "application"}, Clerk: f.ClerkName}
		}
		if err := mayServe(tx.actor, f.service.Town.Municipality, identity.Supervisor, "input", "takeOver"); err != nil {
			return err
		}
		return tx.amend(ctx, f, f.Status, "application.taken_over", claim)
	})
}

// clerkName is what colleagues call a member of staff: the end of the subject where the token has no name.
func clerkName(a identity.Actor) string {
	if a.Name != "" {
		return a.Name
	}
	return a.Subject[strings.LastIndex(a.Subject, "|")+1:]
}

// RequestInformationInput asks the person something.
type RequestInformationInput struct {
	IdempotencyKey string
	Application    string
	Question       string
}

// RequestInformation asks the person something about a claimed application, which waits until they answer.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT.
func (p *Portal) RequestInformation(ctx context.Context, in RequestInformationInput) (_ *ent.Application, err error) {
	defer wrap(&err, "RequestInformation(%s)", in.Application)

	if err := checkLines(in.Question, 1, 2000, "input", "question"); err != nil {
		return nil, err
	}
	return p.onMine(ctx, "requestInformation", in.IdempotencyKey, in.Application, in, func(ctx context.Context, tx *Tx, f *file) error {
		if err := tx.step(ctx, f, application.StatusWAITING_FOR_APPLICANT, "application.question_asked", nil, in.Question); err != nil {
			return err
		}
		r, err := tx.InformationRequest.Create().SetApplicationID(f.ID).SetQuestion(strings.TrimSpace(in.Question)).SetAskedAt(tx.now).Save(ctx)
		if err != nil {
			return err
		}
		return p.oweNotice(ctx, tx, f.ID, noticeQuestion, r.ID)
	})
}

// AnswerRequestInput answers a question of the office.
type AnswerRequestInput struct {
	IdempotencyKey string
	Application    string
	Message        string
	Answers        json.RawMessage
}

// AnswerRequest answers what the office has asked. Corrected answers stand beside the submitted ones, which don't change.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, INVALID_INPUT, ANSWERS_INVALID.
func (p *Portal) AnswerRequest(ctx context.Context, in AnswerRequestInput) (_ *ent.Application, err error) {
	defer wrap(&err, "AnswerRequest(%s)", in.Application)

	if err := checkLines(in.Message, 1, 5000, "input", "message"); err != nil {
		return nil, err
	}
	return p.onOwn(ctx, "answerRequest", in.IdempotencyKey, in.Application, in, func(ctx context.Context, tx *Tx, f *file) error {
		if f.Status != application.StatusWAITING_FOR_APPLICANT {
			return refuse(WrongState, "input", "application")
		}
		corrections := ""
		if in.Answers != nil {
			schema, err := p.schema(f.service, f.FormID)
			if err != nil {
				return err
			}
			var faults []form.Fault
			if corrections, faults = schema.Accept(in.Answers, false); len(faults) > 0 {
				return &Problem{Code: AnswersInvalid, Path: []string{"input", "answers"}, Faults: faults}
			}
		}
		n, err := tx.InformationRequest.Update().
			Where(informationrequest.ApplicationID(f.ID), informationrequest.AnsweredAtIsNil()).
			SetAnswer(strings.TrimSpace(in.Message)).SetCorrections(corrections).SetAnsweredAt(tx.now).Save(ctx)
		if err != nil {
			return err
		}
		if n != 1 {
			return refuse(WrongState, "input", "application")
		}
		return tx.step(ctx, f, application.StatusIN_PROGRESS, "application.question_answered", nil, in.Message, corrections)
	})
}

// DispatchInput says how a document was sent.
type DispatchInput struct {
	SentOn         *schedule.Date
	TrackingNumber *string
}

// CompleteApplicationInput ends the work on an application.
type CompleteApplicationInput struct {
	IdempotencyKey string
	Application    string
	Dispatch       *DispatchInput
}

// CompleteApplication ends the work on a claimed application: for what goes by post, with the day on which it was sent.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT.
func (p *Portal) CompleteApplication(ctx context.Context, in CompleteApplicationInput) (_ *ent.Application, err error) {
	defer wrap(&err, "CompleteApplication(%s)", in.Application)

	if d := in.Dispatch; d != nil && d.TrackingNumber != nil {
		if err := checkText(*d.TrackingNumber, 1, 60, "input", "dispatch", "trackingNumber"); err != nil {
			return nil, err
		}
	}
	return p.onMine(ctx, "completeApplication", in.IdempotencyKey, in.Application, in, func(ctx context.Context, tx *Tx, f *file) error {
		today := f.service.Town.today(tx.now)
		byPost := f.service.Delivery.String() == "POST"
		switch d := in.Dispatch; {
		case byPost == (d == nil):
			return invalid(RuleDispatch, "input", "dispatch")
		case d != nil && d.SentOn != nil && d.SentOn.Compare(today) > 0:
			return invalid(RuleFuture, "input", "dispatch", "sentOn")
		case d != nil && d.SentOn != nil && d.SentOn.Before(f.service.Town.today(*f.SubmittedAt)):
			return invalid(RulePast, "input", "dispatch", "sentOn")
		}
		if err := tx.step(ctx, f, application.StatusCOMPLETED, "application.completed", func(next *ent.Application) {
			next.EndedAt = &tx.now
			next.DispatchMethod = f.service.Delivery.String()
			if d := in.Dispatch; d != nil {
				sent := today
				if d.SentOn != nil {
					sent = *d.SentOn
				}
				next.DispatchedOn, next.TrackingNumber = sent.String(), strings.TrimSpace(value(d.TrackingNumber))
			}
		}); err != nil {
			return err
		}
		return p.oweNotice(ctx, tx, f.ID, noticeCompleted, "")
	})
}

// RejectApplicationInput turns an application down.
type RejectApplicationInput struct {
	IdempotencyKey string
	Application    string
	Reason         string
}

// RejectApplication turns a claimed application down and says why. What was paid stays paid, for the work that was done,
// unless a supervisor refunds it.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT.
func (p *Portal) RejectApplication(ctx context.Context, in RejectApplicationInput) (_ *ent.Application, err error) {
	defer wrap(&err, "RejectApplication(%s)", in.Application)

	if err := checkLines(in.Reason, 1, 2000, "input", "reason"); err != nil {
		return nil, err
	}
	return p.onMine(ctx, "rejectApplication", in.IdempotencyKey, in.Application, in, func(ctx context.Context, tx *Tx, f *file) error {
		if err := tx.step(ctx, f, application.StatusREJECTED, "application.rejected", func(next *ent.Application) {
			next.EndedAt, next.Rejection = &tx.now, strings.TrimSpace(in.Reason)
		}); err != nil {
			return err
		}
		return p.oweNotice(ctx, tx, f.ID, noticeRejected, "")
	})
}
