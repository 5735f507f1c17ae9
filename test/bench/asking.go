package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

const availabilityQuery = `query Free($input: AvailabilityInput!) { availability(input: $input) { days { date starts } } }`

// asking makes requests for free times. Each is for three of the town's services, in another order or others than the one
// before: their answers are all alike, since all services take as long and every counter serves them, but nothing that
// the server remembers fits, so each one is executed. It comes round after 59,280 of them, when the first is forgotten.
type asking struct {
	head, tail []byte
	services   []string
	turns      atomic.Int64
}

func newAsking(query, officeID, from string, days int, services []string) *asking {
	text, _ := json.Marshal(query) // strings always marshal
	return &asking{
		head:     fmt.Appendf(nil, `{"query":%s,"variables":{"input":{"office":%q,"from":%q,"days":%d,"concerns":[{"service":"`, text, officeID, from, days),
		tail:     []byte(`"}]}}}`),
		services: services,
	}
}

// different appends the next request.
func (a *asking) different(b []byte) []byte { return a.request(b, int(a.turns.Add(1)-1)) }

// request appends the n-th one.
func (a *asking) request(b []byte, n int) []byte {
	all := len(a.services)
	n %= all * (all - 1) * (all - 2)
	i, n := n%all, n/all
	j, k := n%(all-1), n/(all-1)
	if j >= i {
		j++
	}
	for _, taken := range []int{min(i, j), max(i, j)} {
		if k >= taken {
			k++
		}
	}
	b = append(b, a.head...)
	for at, service := range []int{i, j, k} {
		if at > 0 {
			b = append(b, `"},{"service":"`...)
		}
		b = append(b, a.services[service]...)
	}
	return append(b, a.tail...)
}

// askingAt asks for the free times of an office on so many days.
func (s *stage) askingAt(ctx context.Context, d *database, o office, query string, days int) (a *asking, err error) {
	err = d.with(ctx, func(conn *pgx.Conn) error {
		offices, err := ids(ctx, conn, "offices")
		if err != nil {
			return err
		}
		services, err := ids(ctx, conn, "public_services")
		if err != nil {
			return err
		}
		var list []string
		for _, slug := range s.town.services() {
			list = append(list, services[slug])
		}
		a = newAsking(query, offices[o.slug], s.from().String(), days, list)
		return nil
	})
	return a, err
}

// ask sends one request and returns its answer.
func ask(ctx context.Context, addr string, body []byte) ([]byte, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	status, answer, err := c.post("/graphql", "", body)
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d: %.300s", status, answer)
	}
	return answer, err
}

// alike asks both sides in several ways and compares their answers.
func alike(ctx context.Context, a *asking, want []byte, addrs ...string) error {
	for _, addr := range addrs {
		for range 20 {
			got, err := ask(ctx, addr, a.different(nil))
			if err := expect(200, got, err, want); err != nil {
				return fmt.Errorf("at %s: %w", addr, err)
			}
		}
	}
	return nil
}
