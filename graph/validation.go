package graph

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Bounds of validation and of its errors.
const (
	// maxSame is how often one name may stand in a document. Fields of one name are compared in pairs, with all that is below them.
	maxSame = 400
	// maxNameIn is how many letters a name has in a document that is long enough for names to be counted: each unknown one is compared
	// with those of the schema, and repeated in the error.
	maxNameIn = 256
	// maxErrors is how many errors of a document are reported, and maxMessage how many bytes of each message.
	maxErrors  = 20
	maxMessage = 500
)

// repeats refuses documents whose names make validation expensive, before they are validated: it can't be interrupted. Those that
// were validated before are not looked at.
type repeats struct{ known *documents }

func (repeats) ExtensionName() string                   { return "Repeats" }
func (repeats) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters implements graphql.OperationParameterMutator.
func (r repeats) MutateOperationParameters(ctx context.Context, request *graphql.RawParams) *gqlerror.Error {
	if len(request.Query) <= 2*maxSame {
		return nil // too short for so many
	}
	if _, ok := r.known.Get(ctx, request.Query); ok {
		return nil
	}
	count := map[string]int{}
	tokens := lexer.New(&ast.Source{Input: request.Query})
	for range maxTokens { // parsing stops there
		token, err := tokens.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return nil //nolint:nilerr // for the parser to say
		}
		if token.Kind != lexer.Name {
			continue
		}
		if len(token.Value) > maxNameIn {
			return refusal(errcode.ValidationFailed, "A name has at most %d letters.", maxNameIn)
		}
		if count[token.Value]++; count[token.Value] > maxSame {
			return refusal("TOO_COMPLEX", "The name %s stands in the document too often: at most %d times.", short(token.Value), maxSame)
		}
	}
	return nil
}

// fewErrors returns the rules of validation, which together report at most maxErrors errors of one document.
func fewErrors() *rules.Rules {
	reported, few := 0, rules.NewRules()
	for name, rule := range rules.NewDefaultRules().GetInner() {
		few.AddRule(name, func(observers *core.Events, add core.AddErrFunc) {
			rule(observers, func(options ...core.ErrorOption) {
				if reported++; reported <= maxErrors {
					add(options...)
				}
			})
		})
	}
	return few
}

// shortened returns at most maxErrors errors with at most maxMessage bytes each: messages repeat names of the document.
func shortened(errs gqlerror.List) gqlerror.List {
	if len(errs) > maxErrors {
		errs = errs[:maxErrors:maxErrors]
	}
	for _, err := range errs {
		if len(err.Message) > maxMessage {
			cut := maxMessage
			for !utf8.RuneStart(err.Message[cut]) {
				cut--
			}
			err.Message = strings.Clone(err.Message[:cut]) + " …"
		}
	}
	return errs
}
