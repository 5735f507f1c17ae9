package graph

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/graph/scalar"
	"nelke/internal/identity"
	"nelke/internal/wire"
)

// A thousand people who watch the same free times ask the same question, and get the same bytes: one execution and one
// encoding. Whatever the actor matters for is never shared.

// publicRoots are root fields whose answer is the same for everybody, nested fields included.
func publicRoots() []string {
	return []string{
		"__typename", "__schema", "__type", "_service",
		"municipality", "municipalities", "publicService", "publicServices", "availability", "nextSlots", "changes", "serviceQuality",
	}
}

func public(name string) bool { return slices.Contains(publicRoots(), name) }

// commonType reports whether a type is the catalogue's, and so everybody's: by its name, or by the prefix of its ids.
func commonType(name string) bool {
	switch name {
	case "Municipality", "PublicService", "Office", "Counter", "Form", "PrivacyNotice",
		"municipality", "service", "office", "counter", "form", "privacynotice":
		return true
	default:
		return false
	}
}

// everybodys reports whether the answer to a root field is the same for everybody: by its name, or, where it finds things of
// any type, by what it is asked for.
func everybodys(ctx context.Context, root *graphql.RootFieldContext) bool {
	switch root.Object {
	case "node":
		id, _ := arguments(ctx, root)["id"].(string)
		prefix, _, _ := strings.Cut(id, "_")
		return commonType(prefix)
	case "_entities":
		given := graphql.CoerceList(arguments(ctx, root)["representations"])
		return len(given) > 0 && !slices.ContainsFunc(given, func(one any) bool {
			representation, _ := one.(map[string]any)
			name, _ := representation["__typename"].(string)
			return !commonType(name)
		})
	default:
		return public(root.Object)
	}
}

func arguments(ctx context.Context, root *graphql.RootFieldContext) map[string]any {
	return root.Field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
}

// shareable returns the key of a subscription that everybody may share: public, and the same in query, variables and
// language.
func shareable(ctx context.Context, op *graphql.OperationContext) (string, bool) {
	for _, selection := range op.Operation.SelectionSet {
		field, ok := selection.(*ast.Field)
		if !ok || !public(field.Name) {
			return "", false
		}
	}
	h := sha256.New() // documents and variables are long, and a group stays
	err := json.NewEncoder(h).Encode([]any{scalar.LanguageOf(ctx), op.OperationName, op.Variables, op.RawQuery})
	return string(h.Sum(nil)), err == nil
}

// groups are the shared subscriptions of a process.
type groups struct {
	mu      sync.Mutex
	byKey   map[string]*group
	running sync.WaitGroup
}

// group is one shared subscription: a goroutine of its own follows the state, and each member takes the latest response
// when it is ready for it. A slow member misses what came in between, never the last.
type group struct {
	members int // guarded by groups.mu
	stop    context.CancelFunc

	mu      sync.Mutex
	latest  *graphql.Response
	version int
	ended   bool
	news    chan struct{} // closed at each change of the above
}

// join makes the caller a member of the group of this key, the first one if there is none.
func (gs *groups) join(ctx context.Context, key string, follow func(context.Context) graphql.ResponseHandler) graphql.ResponseHandler {
	gs.mu.Lock()
	g := gs.byKey[key]
	first := g == nil
	if first {
		g = &group{news: make(chan struct{})}
		if gs.byKey == nil {
			gs.byKey = map[string]*group{}
		}
		gs.byKey[key] = g
	}
	// The group outlives the member that came first, and is nobody's.
	own := identity.WithActor(context.WithoutCancel(ctx), identity.Actor{})
	if first {
		own, g.stop = context.WithCancel(own)
	}
	g.members++
	gs.mu.Unlock()
	if first {
		gs.begin(own, key, g, follow)
	}
	context.AfterFunc(ctx, func() { gs.leave(key, g) })

	seen := 0
	// The context is the member's own, whatever the transport passes: it ends with the member, not with the group.
	return func(context.Context) *graphql.Response {
		response, version := g.after(ctx, seen)
		seen = version
		return response
	}
}

// begin executes a group's subscription for the first time, in the goroutine of its first member: the executor hands its
// state over in this call. The rest happens in a goroutine of the group's own.
func (gs *groups) begin(ctx context.Context, key string, g *group, follow func(context.Context) graphql.ResponseHandler) {
	begun := false
	defer func() {
		if !begun { // it panicked: whoever joined meanwhile must not wait for ever
			g.publish(nil)
			gs.forget(key, g)
			g.stop()
		}
	}()
	responses := follow(ctx)
	begun = true
	gs.running.Go(func() {
		g.run(ctx, responses)
		gs.forget(key, g)
	})
}

func (gs *groups) leave(key string, g *group) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if g.members--; g.members == 0 {
		g.stop()
		if gs.byKey[key] == g {
			delete(gs.byKey, key)
		}
	}
}

// forget lets the next subscriber begin a group of its own when this one has ended by itself.
func (gs *groups) forget(key string, g *group) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if gs.byKey[key] == g {
		delete(gs.byKey, key)
	}
}

// wait returns when no group runs any more. Their members' contexts have ended by then.
func (gs *groups) wait() { gs.running.Wait() }

func (g *group) run(ctx context.Context, responses graphql.ResponseHandler) {
	defer g.stop()
	for {
		response := responses(ctx)
		g.publish(response)
		if response == nil {
			return
		}
	}
}

// publish makes a response the latest; nil ends the group.
func (g *group) publish(response *graphql.Response) {
	if response != nil {
		response = wire.Share(response)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if response == nil {
		g.ended = true
	} else {
		g.latest = response
		g.version++
	}
	close(g.news)
	g.news = make(chan struct{})
}

// after waits for a response that is newer than the version seen; nil when the group or the member's context has ended.
func (g *group) after(ctx context.Context, seen int) (*graphql.Response, int) {
	for {
		g.mu.Lock()
		latest, version, ended, news := g.latest, g.version, g.ended, g.news
		g.mu.Unlock()
		switch {
		case version > seen:
			return latest, version
		case ended:
			return nil, seen
		}
		select {
		case <-ctx.Done():
			return nil, seen
		case <-news:
		}
	}
}
