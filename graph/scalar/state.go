package scalar

import (
	"github.com/99designs/gqlgen/graphql"

	"nelke/ent/application"
	"nelke/ent/payment"
	"nelke/internal/portal"
)

// MarshalApplicationStatus writes a state.
func MarshalApplicationStatus(s application.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalApplicationStatus refuses: inputs keep states as text.
func UnmarshalApplicationStatus(any) (application.Status, error) { return "", refuse("never an input") }

// MarshalStep writes a step.
func MarshalStep(s portal.Step) graphql.Marshaler { return graphql.MarshalString(string(s)) }

// UnmarshalStep refuses: it is never an input.
func UnmarshalStep(any) (portal.Step, error) { return "", refuse("never an input") }

// MarshalPaymentStatus writes a state.
func MarshalPaymentStatus(s payment.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalPaymentStatus refuses: it is never an input.
func UnmarshalPaymentStatus(any) (payment.Status, error) { return "", refuse("never an input") }

// MarshalRefundReason writes a reason.
func MarshalRefundReason(r payment.RefundReason) graphql.Marshaler {
	return graphql.MarshalString(string(r))
}

// UnmarshalRefundReason refuses: it is never an input.
func UnmarshalRefundReason(any) (payment.RefundReason, error) { return "", refuse("never an input") }

// MarshalPaymentMethod writes a method.
func MarshalPaymentMethod(m payment.Method) graphql.Marshaler {
	return graphql.MarshalString(string(m))
}

// UnmarshalPaymentMethod refuses: inputs keep methods as text.
func UnmarshalPaymentMethod(any) (payment.Method, error) { return "", refuse("never an input") }
