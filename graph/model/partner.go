package model

import (
	"nelke/ent"
	"nelke/internal/portal"
)

// PartnerConnection is a page of partners as Relay shows it.
type PartnerConnection struct{ *portal.PartnerConnection }

// PartnerEdge is a partner and its cursor.
type PartnerEdge struct {
	Cursor string
	Node   *ent.Partner
}

// Edges are the entries with their cursors.
func (c PartnerConnection) Edges() []*PartnerEdge {
	edges := make([]*PartnerEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &PartnerEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c PartnerConnection) PageInfo() *PageInfo { return pageInfo(c.PartnerConnection) }

// WebhookDeliveryConnection is a page of deliveries as Relay shows it.
type WebhookDeliveryConnection struct{ *portal.DeliveryConnection }

// WebhookDeliveryEdge is a delivery and its cursor.
type WebhookDeliveryEdge struct {
	Cursor string
	Node   *ent.WebhookDelivery
}

// Edges are the entries with their cursors.
func (c WebhookDeliveryConnection) Edges() []*WebhookDeliveryEdge {
	edges := make([]*WebhookDeliveryEdge, len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &WebhookDeliveryEdge{Cursor: c.Cursors[i], Node: node}
	}
	return edges
}

// PageInfo says where the page stands.
func (c WebhookDeliveryConnection) PageInfo() *PageInfo { return pageInfo(c.DeliveryConnection) }
