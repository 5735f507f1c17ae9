package portal

import (
	"context"
	"time"

	"nelke/internal/identity"
	"nelke/internal/problem"
)

// Limiter counts what happens under keys, for all processes together.
type Limiter interface {
	// Take counts one under a key, and returns how long to wait if that was too many: more than times the limiter's own
	// number within its period.
	Take(ctx context.Context, key string, times int) (wait time.Duration, err error)
	// Full returns how long to wait if Take would be too many, and counts nothing.
	Full(ctx context.Context, key string, times int) (wait time.Duration, err error)
}

// Limits are what one caller may do who isn't staff. A Limiter that is nil limits nothing, and so does a number that is 0.
type Limits struct {
	Openings      Limiter // cases opened by a network
	Holds         Limiter // times held by a network
	Bookings      Limiter // appointments booked by a network
	NetworkWrites Limiter // all writes of a network
	CaseWrites    Limiter // all writes of a case
	Contacts      Limiter // changes of a case's contact
	Feedback      Limiter // feedback of a network
	Visits        Limiter // page views of a network
	Pings         Limiter // pings and replays that a partner asks for

	Appointments int // open ones of a case at one office, holds included
	CaseQueue    int // writes of one case that wait for another one of it
	NetworkQueue int // writes of one network that are under way or wait
}

// Network is where a request comes from. The zero Network is our own: jobs, commands.
type Network struct {
	// Parts are the networks that an address is in, the narrowest first. Each is counted for itself.
	Parts []NetworkPart
	// Agent is what the client calls itself (User-Agent): two browsers of one network are two visitors. It is not kept.
	Agent string
	// Exempt networks aren't limited at all: many people share a terminal of the town hall's.
	Exempt bool
}

// NetworkPart is one of them: an IPv4 address, or an IPv6 /64, /56 or /48.
type NetworkPart struct {
	Name  string
	Times int // how much more it may do than a single household
}

type networkKey struct{}

// WithNetwork returns a context with the network that a request comes from, as write limits count it.
func WithNetwork(ctx context.Context, n Network) context.Context {
	return context.WithValue(ctx, networkKey{}, n)
}

func networkOf(ctx context.Context) Network {
	n, _ := ctx.Value(networkKey{}).(Network)
	return n
}

// takeNetwork counts one for the network of a context. The narrowest part is counted first: what is refused there isn't
// counted against its neighbours. Before that the widest is looked at, so that whoever has many addresses fills no memory
// with the names of all.
//
// Problems: RATE_LIMITED.
func takeNetwork(ctx context.Context, l Limiter) error {
	n := networkOf(ctx)
	if l == nil || n.Exempt {
		return nil
	}
	if last := len(n.Parts) - 1; last > 0 {
		if wait, err := l.Full(ctx, n.Parts[last].Name, n.Parts[last].Times); err != nil || wait > 0 {
			return limited(wait, err)
		}
	}
	for _, part := range n.Parts {
		if err := take(ctx, l, part.Name, part.Times); err != nil {
			return err
		}
	}
	return nil
}

func take(ctx context.Context, l Limiter, key string, times int) error {
	if l == nil {
		return nil
	}
	return limited(l.Take(ctx, key, times))
}

func limited(wait time.Duration, err error) error {
	if err == nil && wait > 0 {
		return &problem.Problem{Code: problem.RateLimited, RetryAfter: wait}
	}
	return err
}

// limitWrite counts a write of a person. The network comes first: made-up case keys cost nothing to make, and each is
// another key.
//
// Problems: RATE_LIMITED.
func (p *Portal) limitWrite(ctx context.Context, operation string) error {
	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil
	}
	if err := takeNetwork(ctx, p.limits.NetworkWrites); err != nil {
		return err
	}
	if err := take(ctx, p.limits.CaseWrites, actor.CaseKeyHash, 1); err != nil {
		return err
	}
	switch operation {
	case "holdSlot":
		return takeNetwork(ctx, p.limits.Holds)
	case "bookAppointment":
		return takeNetwork(ctx, p.limits.Bookings)
	case "setContact":
		return take(ctx, p.limits.Contacts, actor.CaseKeyHash, 1)
	default:
		return nil
	}
}
