package graph

import (
	"context"
	"crypto/sha256"

	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// keptDocument is how long a document may be to be kept: longer ones are parsed each time.
	keptDocument = 16 << 10
	// keptDocuments is how many bytes of memory documents take that have been parsed.
	keptDocuments = 32 << 20
	// nodeBytes is about what one part of a parsed document takes: a field, an argument, a value.
	nodeBytes = 400
)

// documents keeps what was parsed and validated, by the hash of its text and as far as the memory for it goes.
type documents struct {
	memory *otter.Cache[[sha256.Size]byte, *ast.QueryDocument]
}

func newDocuments() *documents {
	return &documents{otter.Must(&otter.Options[[sha256.Size]byte, *ast.QueryDocument]{
		MaximumWeight: keptDocuments,
		Weigher:       func(_ [sha256.Size]byte, d *ast.QueryDocument) uint32 { return uint32(documentBytes(d)) },
	})}
}

// Get implements graphql.Cache.
func (d *documents) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	if len(text) > keptDocument {
		return nil, false
	}
	return d.memory.GetIfPresent(sha256.Sum256([]byte(text)))
}

// Add implements graphql.Cache.
func (d *documents) Add(_ context.Context, text string, document *ast.QueryDocument) {
	if len(text) <= keptDocument {
		d.memory.Set(sha256.Sum256([]byte(text)), document)
	}
}

// documentBytes is about what a document takes in memory: its text, to which its parts point, and these.
func documentBytes(d *ast.QueryDocument) int {
	n := keptDocument / 16
	for _, operation := range d.Operations {
		if operation.Position != nil && operation.Position.Src != nil {
			n = len(operation.Position.Src.Input)
		}
	}
	for _, operation := range d.Operations {
		n += nodeBytes*(2+len(operation.VariableDefinitions)+len(operation.Directives)) + selectionBytes(operation.SelectionSet)
	}
	for _, fragment := range d.Fragments {
		n += nodeBytes + selectionBytes(fragment.SelectionSet)
	}
	return n
}

func selectionBytes(selections ast.SelectionSet) int {
	n := 0
	for _, selection := range selections {
		n += nodeBytes
		switch s := selection.(type) {
		case *ast.Field:
			n += nodeBytes*len(s.Directives) + selectionBytes(s.SelectionSet)
			for _, argument := range s.Arguments {
				n += nodeBytes + valueBytes(argument.Value)
			}
		case *ast.InlineFragment:
			n += nodeBytes*len(s.Directives) + selectionBytes(s.SelectionSet)
		case *ast.FragmentSpread:
			n += nodeBytes * len(s.Directives)
		}
	}
	return n
}

func valueBytes(value *ast.Value) int {
	n := nodeBytes
	for _, child := range value.Children {
		n += valueBytes(child.Value)
	}
	return n
}
