package graph

import (
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

const (
	// maxNames is how many names of operations there are at a time in the log and in traces.
	maxNames = 200
	// nameLetters is how much of a name is used.
	nameLetters = 64
	// nameIdle is how long a name keeps its place after its last operation.
	nameIdle = time.Hour
	// OtherName stands for the names that have no place.
	OtherName = "other"
)

// Names are the names of operations that the log and traces may carry. Clients choose them, so there are so many at a time and no
// more: a name has a place from the first operation that was executed under it until an hour after the last. Documents that were
// refused give none.
type Names struct {
	now  func() time.Time
	mu   sync.Mutex
	used map[string]time.Time // when each was used last
	full time.Time            // until when no place becomes free
}

// NewNames makes Names without any.
func NewNames(now func() time.Time) *Names { return &Names{now: now, used: map[string]time.Time{}} }

// Of is what an operation is called that is executed: its name as far as it may be carried, OtherName where there is no place for it,
// and nothing where it has none.
func (n *Names) Of(op *graphql.OperationContext) string {
	if op.Operation == nil || op.Operation.Name == "" {
		return ""
	}
	name := op.Operation.Name[:min(len(op.Operation.Name), nameLetters)]
	now := n.now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.used[name]; !known && len(n.used) >= maxNames && !n.drop(now) {
		return OtherName
	}
	n.used[name] = now
	return name
}

// drop takes the places of names that haven't been used for an hour, and reports whether there is one free now.
func (n *Names) drop(now time.Time) bool {
	if now.Before(n.full) {
		return false
	}
	oldest := now
	for name, at := range n.used {
		if now.Sub(at) >= nameIdle {
			delete(n.used, name)
		} else if at.Before(oldest) {
			oldest = at
		}
	}
	n.full = oldest.Add(nameIdle)
	return len(n.used) < maxNames
}
