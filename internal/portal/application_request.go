package portal

import (
	"context"
	"encoding/json"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/informationrequest"
	"nelke/ent/predicate"
	"nelke/internal/form"
	"nelke/internal/problem"
)

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
	defer problem.Wrap(&err, "RequestInformation(%s)", in.Application)

	if in.Question, err = cleanLines(in.Question, 2000, "input", "question"); err != nil {
		return nil, err
	}
	return p.onMine(ctx, request{operation: "requestInformation", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := tx.moveApplication(ctx, f, application.StatusWAITING_FOR_APPLICANT, "application.question_asked", nil, in.Question); err != nil {
			return err
		}
		r, err := tx.InformationRequest.Create().SetApplicationID(f.ID).SetQuestion(in.Question).SetAskedAt(tx.now).Save(ctx)
		if err != nil {
			return err
		}
		return p.enqueueNotice(ctx, tx, f.ID, noticeQuestion, r.ID)
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
	defer problem.Wrap(&err, "AnswerRequest(%s)", in.Application)

	if in.Message, err = cleanLines(in.Message, 5000, "input", "message"); err != nil {
		return nil, err
	}
	return p.onOwn(ctx, request{operation: "answerRequest", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		return p.answer(ctx, tx, f, informationrequest.AnsweredViaONLINE, "application.question_answered", in.Message, in.Answers)
	})
}

// answer writes what the open question of an application was answered, and by which way the answer came.
func (p *Portal) answer(ctx context.Context, tx *Tx, f *file, via informationrequest.AnsweredVia, action, message string, answers json.RawMessage) error {
	if f.Status != application.StatusWAITING_FOR_APPLICANT {
		return problem.New(problem.WrongState, "input", "application")
	}
	corrections := ""
	if answers != nil {
		schema, err := p.schema(f.service, f.FormID)
		if err != nil {
			return err
		}
		var faults []form.Fault
		if corrections, faults = schema.Accept(answers, false, f.service.Town.Today(tx.now)); len(faults) > 0 {
			return &problem.Problem{Code: problem.AnswersInvalid, Path: []string{"input", "answers"}, Faults: faults}
		}
	}
	n, err := tx.InformationRequest.Update().Where(open(f.ID)).
		SetAnswer(message).SetCorrections(corrections).SetAnsweredAt(tx.now).SetAnsweredVia(via).Save(ctx)
	if err != nil {
		return err
	}
	if n != 1 {
		return problem.New(problem.WrongState, "input", "application")
	}
	if err := tx.indexApplication(ctx, f.Application, f.c, f.service.Town.Zone, corrections); err != nil {
		return err
	}
	return tx.moveApplication(ctx, f, application.StatusIN_PROGRESS, action, nil, message, corrections)
}

// open is the condition under which a question about an application waits for its answer. There is one at most.
func open(applicationID string) predicate.InformationRequest {
	return informationrequest.And(
		informationrequest.ApplicationID(applicationID), informationrequest.AnsweredAtIsNil(), informationrequest.WithdrawnAtIsNil(),
	)
}

// RecordInformationAnswerInput notes an answer that came another way.
type RecordInformationAnswerInput struct {
	IdempotencyKey string
	Application    string
	Channel        string
	Message        string
	Answers        json.RawMessage
}

// RecordInformationAnswer notes an answer that came by phone or letter, as AnswerRequest would have taken it. For the clerk
// who has claimed the application, or a supervisor.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT, ANSWERS_INVALID.
func (p *Portal) RecordInformationAnswer(ctx context.Context, in RecordInformationAnswerInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "RecordInformationAnswer(%s)", in.Application)

	if in.Channel == informationrequest.AnsweredViaONLINE.String() {
		return nil, problem.Invalid(problem.RuleChannel, "input", "channel")
	}
	if in.Message, err = cleanLines(in.Message, 5000, "input", "message"); err != nil {
		return nil, err
	}
	return p.onClaimed(ctx, request{operation: "recordInformationAnswer", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		return p.answer(ctx, tx, f, informationrequest.AnsweredVia(in.Channel), "application.answer_recorded", in.Message, in.Answers)
	})
}

// WithdrawInformationRequest takes the open question about an application back, and says so to the person: work goes on
// without an answer. For the clerk who has claimed the application, or a supervisor.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED.
func (p *Portal) WithdrawInformationRequest(ctx context.Context, in ApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "WithdrawInformationRequest(%s)", in.Application)

	return p.onClaimed(ctx, request{operation: "withdrawInformationRequest", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if f.Status != application.StatusWAITING_FOR_APPLICANT {
			return problem.New(problem.WrongState, "input", "application")
		}
		asked, err := tx.InformationRequest.Query().Where(open(f.ID)).OnlyID(ctx)
		if err != nil {
			return err
		}
		if err := tx.closeQuestion(ctx, f); err != nil {
			return err
		}
		return p.enqueueNotice(ctx, tx, f.ID, noticeQuestionWithdrawn, asked)
	})
}

// closeQuestion takes the open question about an application back, where it waits for the answer.
func (tx *Tx) closeQuestion(ctx context.Context, f *file) error {
	if f.Status != application.StatusWAITING_FOR_APPLICANT {
		return nil
	}
	if err := tx.dropQuestion(ctx, f); err != nil {
		return err
	}
	return tx.moveApplication(ctx, f, application.StatusIN_PROGRESS, "application.question_withdrawn", nil)
}

// dropQuestion notes on the open question about an application that no answer is waited for.
func (tx *Tx) dropQuestion(ctx context.Context, f *file) error {
	return tx.InformationRequest.Update().Where(open(f.ID)).SetWithdrawnAt(tx.now).Exec(ctx)
}
