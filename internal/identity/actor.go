// Package identity turns a bearer token into an [Actor]: nobody, the holder of a case key, a partner's system, or a
// person whom an OpenID Connect issuer vouches for. It has no database and no rule about what an actor may do.
package identity

import (
	"context"
	"slices"
	"time"
)

// Kind says how an actor made itself known.
type Kind uint8

const (
	// Anonymous sent no token. It is the zero value.
	Anonymous Kind = iota
	// CaseHolder sent a well-formed case key. Whether a case belongs to it is for the reader of the hash to find out.
	CaseHolder
	// Staff sent a valid token of the issuer. It may hold no role at all.
	Staff
	// Partner sent a well-formed partner key. Whose it is, and whether it still is, is for the reader of the hash to find out.
	Partner
)

// Role is what a person may be for one municipality. A higher role includes the lower ones.
type Role uint8

// The roles, in rising order. The zero Role is none of them, and nobody has it.
const (
	Clerk Role = iota + 1
	Supervisor
	Admin
)

// String is the role as it stands in a token: CLERK, SUPERVISOR or ADMIN.
func (r Role) String() string {
	switch r {
	case Clerk:
		return "CLERK"
	case Supervisor:
		return "SUPERVISOR"
	case Admin:
		return "ADMIN"
	default:
		return "NONE"
	}
}

// Actor is who is calling. The zero Actor is anonymous. An Actor is never changed once made, so it may be shared.
type Actor struct {
	Kind Kind
	// CaseKeyHash is the SHA-256 of the case key's 43 characters, as 64 lower-case hexadecimal digits. Only a
	// CaseHolder has one.
	CaseKeyHash string
	// PartnerKeyHash is the same of a partner's key. Only a Partner has one.
	PartnerKeyHash string
	// Subject is the issuer, a "|", and the issuer's name for the person. Only Staff have one.
	Subject string
	// Name is what to call the person, for other staff to read. It may be empty.
	Name string
	// Roles are those of the token, by the twelve digits of a municipality's ARS.
	Roles map[string][]Role
	// ExpiresAt is the instant from which the token proves nothing any more. It matters to what outlives a request,
	// a subscription say. Zero for those who hold no token that ends.
	ExpiresAt time.Time
}

// Has reports whether the actor holds the role, or a higher one, for the municipality with this ARS.
func (a Actor) Has(ars string, role Role) bool {
	return a.Kind == Staff && role >= Clerk &&
		slices.ContainsFunc(a.Roles[ars], func(held Role) bool { return held >= role })
}

// Scope is a stable name of the actor, to keep apart what belongs to different actors, such as idempotency keys:
// "anonymous", "case:<hash>", "staff:<subject>" or "partner:<hash>". It does not change when a token is renewed.
func (a Actor) Scope() string {
	switch a.Kind {
	case CaseHolder:
		return "case:" + a.CaseKeyHash
	case Staff:
		return "staff:" + a.Subject
	case Partner:
		return "partner:" + a.PartnerKeyHash
	default:
		return "anonymous"
	}
}

type actorKey struct{}

// WithActor returns a context that carries the actor.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// FromContext is the actor that WithActor put there, or the anonymous one.
func FromContext(ctx context.Context) Actor {
	actor, _ := ctx.Value(actorKey{}).(Actor)
	return actor
}
