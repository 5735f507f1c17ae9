package scalar

import (
	"github.com/99designs/gqlgen/graphql"

	"nelke/ent/application"
	"nelke/ent/partner"
	"nelke/ent/payment"
	"nelke/ent/webhookdelivery"
	"nelke/ent/webhookendpoint"
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

// MarshalPartnerStatus writes a state.
func MarshalPartnerStatus(s partner.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalPartnerStatus refuses: inputs keep states as text.
func UnmarshalPartnerStatus(any) (partner.Status, error) { return "", refuse("never an input") }

// MarshalEndpointStatus writes a state.
func MarshalEndpointStatus(s webhookendpoint.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalEndpointStatus refuses: inputs keep states as text.
func UnmarshalEndpointStatus(any) (webhookendpoint.Status, error) {
	return "", refuse("never an input")
}

// MarshalDeliveryStatus writes a state.
func MarshalDeliveryStatus(s webhookdelivery.Status) graphql.Marshaler {
	return graphql.MarshalString(string(s))
}

// UnmarshalDeliveryStatus reads a state.
func UnmarshalDeliveryStatus(v any) (webhookdelivery.Status, error) {
	s, err := text(v)
	return webhookdelivery.Status(s), err
}
