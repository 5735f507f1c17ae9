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
	MunicipalityConnection    = Connection[*catalogue.Town]
	MunicipalityEdge          = Edge[*catalogue.Town]
	PublicServiceConnection   = Connection[*catalogue.Service]
	PublicServiceEdge         = Edge[*catalogue.Service]
	ApplicationConnection     = Connection[*ent.Application]
	ApplicationEdge           = Edge[*ent.Application]
	AppointmentConnection     = Connection[*ent.Appointment]
	AppointmentEdge           = Edge[*ent.Appointment]
	CaseEventConnection       = Connection[*ent.Event]
	CaseEventEdge             = Edge[*ent.Event]
	PartnerConnection         = Connection[*ent.Partner]
	PartnerEdge               = Edge[*ent.Partner]
	WebhookDeliveryConnection = Connection[*ent.WebhookDelivery]
	WebhookDeliveryEdge       = Edge[*ent.WebhookDelivery]
	FeedbackConnection        = Connection[*ent.Feedback]
	FeedbackEdge              = Edge[*ent.Feedback]
)
