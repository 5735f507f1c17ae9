// Package model holds the shapes of the graph that no other package has.
package model

import (
	"nelke/ent"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

// MunicipalityConnection is a page of towns as Relay shows it.
type MunicipalityConnection struct {
	*catalogue.MunicipalityConnection
}

// MunicipalityEdge is a town and its cursor.
type MunicipalityEdge struct {
	Cursor string
	Node   *catalogue.Town
}

// Edges are the entries with their cursors.
func (c MunicipalityConnection) Edges() []*MunicipalityEdge {
	edges := make([]*MunicipalityEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &MunicipalityEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c MunicipalityConnection) PageInfo() *PageInfo { return pageInfo(c.MunicipalityConnection) }

// TotalCount is how many there are on all pages.
func (c MunicipalityConnection) TotalCount() int { return c.Total }

// PublicServiceConnection is a page of services as Relay shows it.
type PublicServiceConnection struct{ *catalogue.ServiceConnection }

// PublicServiceEdge is a service and its cursor.
type PublicServiceEdge struct {
	Cursor string
	Node   *catalogue.Service
}

// Edges are the entries with their cursors.
func (c PublicServiceConnection) Edges() []*PublicServiceEdge {
	edges := make([]*PublicServiceEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &PublicServiceEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c PublicServiceConnection) PageInfo() *PageInfo { return pageInfo(c.ServiceConnection) }

// TotalCount is how many there are on all pages.
func (c PublicServiceConnection) TotalCount() int { return c.Total }

// ApplicationConnection is a page of applications as Relay shows it.
type ApplicationConnection struct{ *portal.ApplicationConnection }

// ApplicationEdge is an application and its cursor.
type ApplicationEdge struct {
	Cursor string
	Node   *ent.Application
}

// Edges are the entries with their cursors.
func (c ApplicationConnection) Edges() []*ApplicationEdge {
	edges := make([]*ApplicationEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &ApplicationEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c ApplicationConnection) PageInfo() *PageInfo { return pageInfo(c.ApplicationConnection) }

// CaseEventConnection is a page of events as Relay shows it.
type CaseEventConnection struct{ *portal.EventConnection }

// CaseEventEdge is an event and its cursor.
type CaseEventEdge struct {
	Cursor string
	Node   *ent.Event
}

// Edges are the entries with their cursors.
func (c CaseEventConnection) Edges() []*CaseEventEdge {
	edges := make([]*CaseEventEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &CaseEventEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c CaseEventConnection) PageInfo() *PageInfo { return pageInfo(c.EventConnection) }

// AppointmentConnection is a page of appointments as Relay shows it.
type AppointmentConnection struct{ *portal.AppointmentConnection }

// AppointmentEdge is an appointment and its cursor.
type AppointmentEdge struct {
	Cursor string
	Node   *ent.Appointment
}

// Edges are the entries with their cursors.
func (c AppointmentConnection) Edges() []*AppointmentEdge {
	edges := make([]*AppointmentEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &AppointmentEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c AppointmentConnection) PageInfo() *PageInfo { return pageInfo(c.AppointmentConnection) }

func pageInfo[T any](c *catalogue.Connection[T]) *PageInfo {
	info := &PageInfo{HasPreviousPage: c.Before, HasNextPage: c.After}
	if n := len(c.Cursors); n > 0 {
		info.StartCursor, info.EndCursor = &c.Cursors[0], &c.Cursors[n-1]
	}
	return info
}
