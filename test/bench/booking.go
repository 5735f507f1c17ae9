package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nelke/internal/identity"
)

const (
	holdMutation = `mutation Hold($input: HoldSlotInput!) { holdSlot(input: $input) { appointment { id status heldUntil } problems { code } } }`
	bookMutation = `mutation Book($input: BookAppointmentInput!) { bookAppointment(input: $input) { appointment { id status reference } problems { code } } }`
	openMutation = `mutation Open($input: OpenCaseInput!) { openCase(input: $input) { case { id } problems { code } } }`
)

// reception is an office with starts to book, and people who have opened their cases.
type reception struct {
	office, service, notice string
	starts                  []string // RFC 3339
	keys                    []string // of cases
}

// receive reads the office's ids and free starts and opens cases at a server, as the service's clients do.
func (s *stage) receive(ctx context.Context, d *database, server *child, slug string, days, cases int) (*reception, error) {
	r := &reception{}
	err := d.with(ctx, func(conn *pgx.Conn) error {
		offices, err := ids(ctx, conn, "offices")
		if err != nil {
			return err
		}
		services, err := ids(ctx, conn, "public_services")
		if err != nil {
			return err
		}
		r.office, r.service = offices[slug], services[s.town.service(0)]
		return conn.QueryRow(ctx, "SELECT id FROM privacy_notices ORDER BY language, version LIMIT 1").Scan(&r.notice)
	})
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, server.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var free struct {
		Availability struct{ Days []struct{ Starts []string } }
	}
	if err := c.graphql("", availabilityQuery, map[string]any{
		"office": r.office, "from": s.from().String(), "days": days, "concerns": r.concerns(),
	}, &free); err != nil {
		return nil, err
	}
	for _, day := range free.Availability.Days {
		r.starts = append(r.starts, day.Starts...)
	}
	for range cases {
		key := identity.NewCaseKey()
		if err := c.graphql("", openMutation, map[string]any{
			"idempotencyKey": uuid.NewString(), "municipality": map[string]string{"slug": townSlug}, "caseKey": key,
		}, nil); err != nil {
			return nil, err
		}
		r.keys = append(r.keys, key)
	}
	return r, nil
}

func (r *reception) concerns() []map[string]string {
	return []map[string]string{{"service": r.service}}
}

func (r *reception) hold(start string) map[string]any {
	return map[string]any{"idempotencyKey": uuid.NewString(), "office": r.office, "start": start, "concerns": r.concerns()}
}

func (r *reception) book(appointment string) map[string]any {
	return map[string]any{
		"idempotencyKey": uuid.NewString(), "appointment": appointment, "privacyNotice": r.notice,
		"person": map[string]string{"givenName": "Erika", "familyName": "Mustermann"},
	}
}

// appointment is what a mutation answers.
type appointment struct {
	Appointment *struct{ ID, Status string }
	Problems    []struct {
		Code         string
		Alternatives []string
	}
}

// holdAndBook takes a start for a case, at once and for good.
func (r *reception) holdAndBook(c *caller, key, start string) error {
	var held struct{ HoldSlot appointment }
	if err := c.graphql(key, holdMutation, r.hold(start), &held); err != nil {
		return err
	}
	if held.HoldSlot.Appointment == nil {
		return fmt.Errorf("hold %s: %v", start, held.HoldSlot.Problems)
	}
	var booked struct{ BookAppointment appointment }
	if err := c.graphql(key, bookMutation, r.book(held.HoldSlot.Appointment.ID), &booked); err != nil {
		return err
	}
	if booked.BookAppointment.Appointment == nil || booked.BookAppointment.Appointment.Status != "BOOKED" {
		return fmt.Errorf("book %s: %v", start, booked.BookAppointment.Problems)
	}
	return nil
}

// graphql sends a document with its input and reads the data of the answer.
func (c *caller) graphql(token, query string, input map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"input": input}})
	if err != nil {
		return err
	}
	status, answer, err := c.post("/graphql", token, body)
	switch {
	case err != nil:
		return err
	case status != 200 || bytes.Contains(answer, []byte(`"errors":[`)):
		return fmt.Errorf("status %d: %.500s", status, answer)
	case data == nil:
		return nil
	}
	return json.Unmarshal(answer, &struct{ Data any }{data})
}

// benchBooking compares pairs of hold and book through HTTP with the same statements sent by bare pgx.
func benchBooking(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	first, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, first)) }()
	var r *reception
	if err := s.serving(ctx, settings{database: first}, func(server *child) (err error) {
		r, err = s.receive(ctx, first, server, "buchung", 62, connections)
		return err
	}); err != nil {
		return err
	}
	warm, measured := s.trialSize()
	if len(r.starts) < warm+measured {
		return fmt.Errorf("%d pairs need as many starts, there are %d", warm+measured, len(r.starts))
	}
	return s.compare(ctx, &trial{
		part: "booking", what: "hold + book", first: first, warm: warm, measured: measured, transactions: 2,
		turn:  func(c *caller, i int) error { return r.holdAndBook(c, r.keys[i%connections], r.starts[i]) },
		check: func(ctx context.Context, d *database, turns int) error { return d.booked(ctx, r.office, turns, turns) },
	}, results)
}

// booked checks how many appointments of an office the database holds, over how many pairs of counter and start.
func (d *database) booked(ctx context.Context, office string, appointments, places int) error {
	return d.with(ctx, func(conn *pgx.Conn) error {
		var got, distinct, cells int
		err := conn.QueryRow(ctx, `SELECT count(*), count(DISTINCT (counter_number, starts_at)), (
				SELECT count(*) FROM allocation l JOIN appointments a ON a.id = l.appointment_id
				WHERE a.office_id = $1 AND a.status = 'BOOKED' AND l.held_until IS NULL)
			FROM appointments WHERE office_id = $1 AND status = 'BOOKED'`, office).Scan(&got, &distinct, &cells)
		if err != nil {
			return err
		}
		if got != appointments || distinct > places || distinct != got || cells != got*serviceMinutes/5 {
			return fmt.Errorf("%d appointments are booked on %d places with %d cells, wanted %d", got, distinct, cells, appointments)
		}
		return nil
	})
}
