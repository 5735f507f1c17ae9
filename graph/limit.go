package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/ent/webhookdelivery"
	"nelke/internal/portal"
)

// What one request may ask. The standard introspection query is 15 deep.
const (
	maxDepth              = 12
	maxIntrospectionDepth = 20
	maxAliases            = 200
	maxComplexity         = 20_000
	bulkComplexity        = 100_000 // for partners with the scope CATALOGUE_BULK
	maxTokens             = 3_000   // validating n equal fields takes n² steps, and comes before our own limits
	maxRoots              = 20
)

// limits refuses documents that ask for too much, before anything is executed.
type limits struct {
	schema graphql.ExecutableSchema
	portal *portal.Portal
}

func (limits) ExtensionName() string { return "Limits" }
func (l *limits) Validate(schema graphql.ExecutableSchema) error {
	l.schema = schema
	return nil
}

// MutateOperationContext checks depth, aliases and cost. Fragments count where they are spread; the walk stops at the
// first limit, so a document that unfolds into millions of fields costs no more than one that is just refused.
func (l *limits) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	m := measure{}
	m.walk(op.Operation.SelectionSet, 1, false)
	switch {
	case m.tooDeep:
		return refusal("TOO_DEEP", "The document is too deep: at most %d levels, %d for introspection.", maxDepth, maxIntrospectionDepth)
	case m.aliases > maxAliases:
		return refusal("TOO_MANY_ALIASES", "The document has too many aliases: at most %d.", maxAliases)
	case m.fields > maxComplexity:
		return refusal("TOO_COMPLEX", "The document asks for too much: at most %d.", maxComplexity)
	}
	if op.Operation.Operation == ast.Mutation && len(op.Operation.SelectionSet) > maxRoots {
		return refusal("TOO_COMPLEX", "At most %d mutations in one document.", maxRoots)
	}
	if cost := complexity.Calculate(ctx, l.schema, op.Operation, op.Variables); cost > maxComplexity {
		// An error of the question is no answer to it: the document is refused like anybody's.
		if bulk, err := l.portal.MayAs(ctx, portal.BulkCatalogue); err == nil && bulk && cost <= bulkComplexity {
			return checkRepresentations(op.Operation.SelectionSet, op.Variables)
		}
		return refusal("TOO_COMPLEX", "The document costs %d, at most %d is allowed.", cost, maxComplexity)
	}
	return nil
}

func refusal(code, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, code)
	return err
}

type measure struct {
	aliases, fields int
	tooDeep         bool
}

func (m *measure) walk(selections ast.SelectionSet, depth int, introspection bool) {
	for _, selection := range selections {
		if m.tooDeep || m.aliases > maxAliases || m.fields > maxComplexity {
			return
		}
		switch selection := selection.(type) {
		case *ast.Field:
			inside := introspection || strings.HasPrefix(selection.Name, "__")
			m.fields++
			if selection.Alias != "" && selection.Alias != selection.Name {
				m.aliases++
			}
			if depth > maxIntrospectionDepth || !inside && depth > maxDepth {
				m.tooDeep = true
				return
			}
			m.walk(selection.SelectionSet, depth+1, inside)
		case *ast.InlineFragment:
			m.walk(selection.SelectionSet, depth, introspection)
		case *ast.FragmentSpread:
			if selection.Definition != nil {
				m.walk(selection.Definition.SelectionSet, depth, introspection)
			}
		}
	}
}

// costs prices what is more than a field: lists by their length, objects of a list dearer than scalars.
func costs(c *ComplexityRoot) {
	page := func(child int, first *int) int {
		n := 20
		if first != nil {
			n = min(max(*first, 1), 1000) // no list gives more
		}
		return 1 + n*max(1, child)
	}
	c.Query.Municipalities = func(child int, first *int, _ *string, _ *portal.MunicipalityFilter) int { return page(child, first) }
	c.Query.PublicServices = func(child int, first *int, _ *string, _ *portal.PublicServiceFilter) int { return page(child, first) }
	c.Municipality.Services = func(child int, _ *portal.PublicServiceFilter, first *int, _ *string) int { return page(child, first) }
	c.Subscription.PublicServices = func(child int, first *int, _ *portal.PublicServiceFilter) int { return page(child, first) }
	c.Query.WorkQueue = func(child int, _ portal.WorkQueueInput, first *int, _ *string) int { return page(child, first) }
	c.Subscription.WorkQueue = func(child int, _ portal.WorkQueueInput, first *int) int { return page(child, first) }
	c.Query.__resolve_entities = func(child int, reps []map[string]any) int { return 1 + len(reps)*max(1, child) }
	c.Query.Partners = func(child int, _ portal.MunicipalityKey, first *int, _ *string) int { return page(child, first) }
	c.Partner.Keys = func(child int) int { return 1 + 10*child }
	c.Partner.Endpoints = func(child int) int { return 1 + 10*child }
	c.WebhookEndpoint.Deliveries = func(child int, _ []webhookdelivery.Status, first *int, _ *string) int { return page(child, first) }
	// A day's starts are one list of scalars; its slots are forty objects or more.
	c.AvailabilityDay.Slots = func(child int) int { return 1 + 40*child }
	days := func(child, n int) int { return 1 + min(max(n, 1), 62)*child/4 }
	c.Query.Availability = func(child int, in portal.AvailabilityInput) int { return days(child, in.Days) }
	c.Subscription.Availability = c.Query.Availability
	c.Query.NextSlots = func(child int, _ portal.NextSlotsInput) int { return 10 * (1 + child) }
}
