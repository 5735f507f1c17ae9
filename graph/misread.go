package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"nelke/ent"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/problem"
)

// misreads notes that what a person typed as a date or time is none, where a mutation takes it, and reports whether it did:
// the mutation is answered with a problem then. What no person types, and the arguments of queries, are refused.
func (j *judge) misreads(name string) bool {
	rule, ok := map[string]problem.Rule{"Date": problem.RuleDate, "LocalTime": problem.RuleTime}[name]
	if !ok {
		return false
	}
	if j.misread == nil {
		j.misread = map[string][]*problem.Problem{}
	}
	j.misread[j.reading] = append(j.misread[j.reading], &problem.Problem{Code: problem.InvalidInput, Rule: rule, Path: j.names()})
	return true
}

// answerMisread has mutations whose arguments were misread answered with their problems, by their keys in the answer.
func answerMisread(op *graphql.OperationContext, misread map[string][]*problem.Problem) {
	resolve := op.ResolverMiddleware
	op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) {
		fc := graphql.GetFieldContext(ctx)
		if fc.Object != "Mutation" || misread[fc.Field.Alias] == nil {
			return resolve(ctx, next)
		}
		var problems []model.Problem
		for _, p := range misread[fc.Field.Alias] {
			problems = append(problems, model.PlainProblem{Code: p.Code, Message: messageOf(p, scalar.LanguageOf(ctx)), Path: p.Path})
		}
		return refusedPayload(fc.Field.Definition.Type.Name(), problems), nil
	}
}

// refusedPayload is the payload of a mutation that did nothing, by the name of its type; nil for one that isn't known here.
func refusedPayload(name string, problems []model.Problem) any {
	switch name {
	case "ApplicationPayload":
		return &model.ApplicationPayload{Problems: problems}
	case "AppointmentPayload":
		return &model.AppointmentPayload{Problems: problems}
	case "CanceledAppointmentsPayload":
		return &model.CanceledAppointmentsPayload{Problems: problems}
	case "CasePayload":
		return &model.CasePayload{Problems: problems}
	case "CountVisitPayload":
		return &model.CountVisitPayload{Problems: problems}
	case "GiveFeedbackPayload":
		return &model.GiveFeedbackPayload{Problems: problems}
	case "MunicipalityPayload":
		return &model.MunicipalityPayload{Problems: problems}
	case "PartnerKeyPayload":
		return &model.PartnerKeyPayload{Problems: problems}
	case "PartnerPayload":
		return &model.PartnerPayload{Problems: problems}
	case "PaymentPayload":
		return &model.PaymentPayload{Problems: problems}
	case "PublicServicePayload":
		return &model.PublicServicePayload{Problems: problems}
	case "SchedulePayload":
		return &model.SchedulePayload{Appointments: []*ent.Appointment{}, Problems: problems}
	case "WebhookEndpointPayload":
		return &model.WebhookEndpointPayload{Problems: problems}
	default:
		return nil
	}
}
