// Package graph is the face of the service: the schema (graph/schema), one line for each resolver, entities, problems
// and errors, live subscriptions, and the limits of what may be asked. It decides nothing: every rule stands in
// internal/portal.
package graph

import (
	"nelke/internal/portal"
)

// Resolver has the portal, and nothing else.
type Resolver struct {
	Portal *portal.Portal
}
