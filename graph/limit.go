package graph

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph/scalar"
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

// askPatience is how long the database may take to say whether a partner may ask for more: no operation has begun yet.
const askPatience = 1500 * time.Millisecond

// limits refuses documents that ask for too much, before anything is executed.
type limits struct {
	schema graphql.ExecutableSchema
	portal *portal.Portal
	strict *strict
}

func (limits) ExtensionName() string { return "Limits" }
func (l *limits) Validate(schema graphql.ExecutableSchema) error {
	l.schema = schema
	return nil
}

// MutateOperationContext checks depth, aliases, arguments and cost. Fragments count where they are spread; the walk stops at the
// first limit, so a document that unfolds into millions of fields costs no more than one that is just refused.
func (l *limits) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	m := measure{}
	m.walk(op.Operation.SelectionSet, 1, false)
	switch {
	case m.tooLong != "":
		return refusal(errcode.ValidationFailed, "The number %.40s is too large.", m.tooLong)
	case m.tooDeep:
		return refusal("TOO_DEEP", "The document is too deep: at most %d levels, %d for introspection.", maxDepth, maxIntrospectionDepth)
	case m.longName:
		return refusal(errcode.ValidationFailed, "An alias has at most %d letters.", maxName)
	case m.schemas > 1:
		return refusal("TOO_COMPLEX", "The schema can be asked for once in a document.")
	case m.aliases > maxAliases:
		return refusal("TOO_MANY_ALIASES", "The document has too many aliases: at most %d.", maxAliases)
	case m.fields > maxComplexity:
		return refusal("TOO_COMPLEX", "The document asks for too much: at most %d.", maxComplexity)
	}
	if op.Operation.Operation == ast.Mutation && len(op.Operation.SelectionSet) > maxRoots {
		return refusal("TOO_COMPLEX", "At most %d mutations in one document.", maxRoots)
	}
	if err := l.strict.check(op); err != nil {
		return err
	}
	if cost := complexity.Calculate(ctx, l.schema, op.Operation, op.Variables); cost > maxComplexity {
		ctx, cancel := context.WithTimeout(ctx, askPatience)
		defer cancel()
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
	aliases, fields int // of fields also the values of their arguments
	schemas         int
	tooDeep         bool
	longName        bool
	tooLong         string // a number that is no number of ours
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
			for _, argument := range selection.Arguments {
				m.read(argument.Value)
			}
			if selection.Alias != "" && selection.Alias != selection.Name {
				m.aliases++
				m.longName = m.longName || len(selection.Alias) > maxName
			}
			if selection.Name == "__schema" {
				m.schemas++
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

// read counts the values of an argument, since a fragment has them read wherever it is spread, and looks for numbers that can't
// be: validation lets them pass inside of scalars of ours, and gqlgen panics there.
func (m *measure) read(value *ast.Value) {
	m.fields++
	var err error
	switch value.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(value.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(value.Raw, 64)
	}
	if err != nil {
		m.tooLong = value.Raw
	}
	for _, child := range value.Children {
		m.read(child.Value)
	}
}

// priced is a schema with what its fields cost. Prices are read from the arguments as they came: reading them as the
// schema's types is done once, where the field is executed.
type priced struct {
	graphql.ExecutableSchema
	prices map[string]price // by type and field
}

// price is what a field costs whose selection costs child.
type price func(child int, args map[string]any) int

// Complexity returns the price of a field whose selection costs child; false for one that is a field like any other.
func (p priced) Complexity(_ context.Context, object, name string, child int, args map[string]any) (int, bool) {
	cost, ok := p.prices[object+"."+name]
	if !ok {
		return 0, false
	}
	return cost(min(child, 1<<32), args), true // more than anybody may ask, and a million of it is still an int
}

// withPrices prices what is more than a field: lists by their length, which the schema says to gateways as well (@listSize), and
// what is dearer than its selection looks.
func withPrices(schema graphql.ExecutableSchema) priced {
	prices := map[string]price{
		"Query.changes": func(child int, args map[string]any) int {
			return 1 + number(args, "first", 100, 1, 1000)*max(1, child)
		},
		"Query._entities": func(child int, args map[string]any) int {
			return 1 + len(graphql.CoerceList(args["representations"]))*max(1, child)
		},
		"Query.publicServices":        searched(page),
		"Subscription.publicServices": searched(page),
		"Municipality.services":       searched(page),
		"Query.availability":          days,
		"Subscription.availability":   days,
		"Office.availability":         days,
		"Office.openingHours":         days,
		"Availability.days":           func(child int, _ map[string]any) int { return 1 + child }, // paid for with their number
		"Case.eventConnection":        single(page),
		"Case.appointmentConnection":  single(page),
		"Case.applicationConnection":  single(page),
		"Application.eventConnection": single(page),
		"Query.serviceQuality":        months,
		"Query.nextSlots":             func(child int, _ map[string]any) int { return 10 * (1 + child) },
		"Query.__type":                func(child int, _ map[string]any) int { return 500 + child },
		"_Service.sdl":                func(int, map[string]any) int { return 1 + len(SDL())/64 },
	}
	for name, size := range listSizes(schema.Schema()) {
		switch {
		case prices[name] != nil:
		case size.paged:
			prices[name] = page
		default:
			prices[name] = func(child int, _ map[string]any) int { return 1 + size.assumed*child }
		}
	}
	return priced{schema, prices}
}

// listSize is what the schema says of the length of a list.
type listSize struct {
	assumed int
	paged   bool // it has an argument that says how long
}

// listSizes are the lists of a schema by type and field. Those that a connection is made of are paid for with it.
func listSizes(schema *ast.Schema) map[string]listSize {
	sizes := map[string]listSize{}
	for _, object := range schema.Types {
		for _, field := range object.Fields {
			d := field.Directives.ForName("listSize")
			if d == nil || object.Kind != ast.Object {
				continue
			}
			size := listSize{paged: d.Arguments.ForName("slicingArguments") != nil}
			if assumed := d.Arguments.ForName("assumedSize"); assumed != nil {
				size.assumed, _ = strconv.Atoi(assumed.Value.Raw)
			}
			if size.paged || d.Arguments.ForName("sizedFields") == nil {
				sizes[object.Name+"."+field.Name] = size
			}
		}
	}
	return sizes
}

// single adds to a price what reading for one object at a time costs: pages have a statement of their own each.
func single(price price) price {
	return func(child int, args map[string]any) int { return 20 + price(child, args) }
}

// searched adds to a price what looking for a text costs.
func searched(price price) price {
	return func(child int, args map[string]any) int {
		cost := price(child, args)
		if filter, ok := args["filter"].(map[string]any); ok && filter["text"] != nil {
			cost += 300
		}
		return cost
	}
}

// page prices a list by its argument first.
func page(child int, args map[string]any) int {
	return 1 + number(args, "first", 20, 1, 1000)*max(1, child)
}

// days prices a list by its argument days, or by that of its input.
func days(child int, args map[string]any) int {
	if input, ok := args["input"].(map[string]any); ok {
		args = input
	}
	return 1 + (number(args, "days", 28, 1, 62)*child)/4
}

// months prices a list that has a row for each service of a town and month between its arguments from and to. Its rows are plain values,
// so they count half.
func months(child int, args map[string]any) int {
	const services, most = 31, 24
	n := 1
	from, fromErr := scalar.UnmarshalDate(args["from"])
	to, toErr := scalar.UnmarshalDate(args["to"])
	if fromErr == nil && toErr == nil { // what is no date is refused later
		n = min(max((to.Year-from.Year)*12+int(to.Month-from.Month)+1, 1), most)
	}
	return 20 + n*services*child/2
}

// number is an argument, or what is meant without it, and within its bounds. What is no number is refused later.
func number(args map[string]any, name string, without, least, most int) int {
	given := args[name]
	if given == nil {
		return without
	}
	n, err := graphql.UnmarshalInt(given)
	if err != nil {
		return most
	}
	return min(max(n, least), most)
}
