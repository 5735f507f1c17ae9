// Package model holds the shapes of the graph that no other package has.
package model

import (
	"nelke/ent"
	"nelke/internal/catalogue"
)

// Connection is a page of a list as Relay shows it.
type Connection[T any] struct{ *catalogue.Connection[T] }

// Edge is an entry of a list and its cursor.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// Edges returns the entries with their cursors.
func (c Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &Edge[T]{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo returns where the page stands in the list.
func (c Connection[T]) PageInfo() *PageInfo {
	info := &PageInfo{HasPreviousPage: c.Before, HasNextPage: c.After}
	if n := len(c.Cursors); n > 0 {
		info.StartCursor, info.EndCursor = &c.Cursors[0], &c.Cursors[n-1]
	}
	return info
}

// TotalCount returns how many entries there are on all pages.
func (c Connection[T]) TotalCount() int { return c.Total }

// The connections of the graph and their edges: gqlgen binds a type by name, so each has one.

type (
	// MunicipalityConnection is a page of towns.
	MunicipalityConnection = Connection[*catalogue.Town]
	// MunicipalityEdge is a town and its cursor.
	MunicipalityEdge = Edge[*catalogue.Town]
	// PublicServiceConnection is a page of services.
	PublicServiceConnection = Connection[*catalogue.Service]
	// PublicServiceEdge is a service and its cursor.
	PublicServiceEdge = Edge[*catalogue.Service]
	// ApplicationConnection is a page of applications.
	ApplicationConnection = Connection[*ent.Application]
	// ApplicationEdge is an application and its cursor.
	ApplicationEdge = Edge[*ent.Application]
	// AppointmentConnection is a page of appointments.
	AppointmentConnection = Connection[*ent.Appointment]
	// AppointmentEdge is an appointment and its cursor.
	AppointmentEdge = Edge[*ent.Appointment]
	// CaseEventConnection is a page of events.
	CaseEventConnection = Connection[*ent.Event]
	// CaseEventEdge is an event and its cursor.
	CaseEventEdge = Edge[*ent.Event]
	// PartnerConnection is a page of partners.
	PartnerConnection = Connection[*ent.Partner]
	// PartnerEdge is a partner and its cursor.
	PartnerEdge = Edge[*ent.Partner]
	// WebhookDeliveryConnection is a page of deliveries.
	WebhookDeliveryConnection = Connection[*ent.WebhookDelivery]
	// WebhookDeliveryEdge is a delivery and its cursor.
	WebhookDeliveryEdge = Edge[*ent.WebhookDelivery]
	// FeedbackConnection is a page of feedback.
	FeedbackConnection = Connection[*ent.Feedback]
	// FeedbackEdge is feedback and its cursor.
	FeedbackEdge = Edge[*ent.Feedback]
)
