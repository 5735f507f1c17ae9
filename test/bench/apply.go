package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nelke/data"
	"nelke/internal/identity"
)

// benchApply compares saving, reviewing and submitting an application through HTTP with the same statements sent by bare
// pgx. The review belongs to both sides: nobody can submit without it. The drafts stand ready before any clock runs, each
// in a case of its own, as each person has one. That the server delivers the notices that are due meanwhile is on its own side
// alone.
func benchApply(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.blomberg(ctx)
	if err != nil {
		return err
	}
	first, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, first)) }()
	warm, measured := s.trialSize()
	a, err := s.drafts(ctx, first, warm+measured)
	if err != nil {
		return fmt.Errorf("drafts: %w", err)
	}
	return s.compare(ctx, &trial{
		part: "apply", what: "save + review + submit", first: first, warm: warm, measured: measured, transactions: 3,
		turn:  a.submit,
		check: func(ctx context.Context, d *database, turns int) error { return d.submitted(ctx, turns) },
	}, results)
}

// applicants are people with a draft each, and the answers that all of them give.
type applicants struct {
	service, notice string
	answers         json.RawMessage
	keys            []string // of their cases
	drafts          []string
}

// drafts lets so many people begin, up to where the answers come.
func (s *stage) drafts(ctx context.Context, d *database, n int) (*applicants, error) {
	a := &applicants{keys: make([]string, n), drafts: make([]string, n)}
	var err error
	if a.answers, err = sampleAnswers(); err != nil {
		return nil, err
	}
	if err := d.with(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT s.id, n.id FROM public_services s JOIN privacy_notices n ON n.municipality_id = s.municipality_id
			WHERE s.slug = $1 ORDER BY n.language, n.version DESC LIMIT 1`, freeService).Scan(&a.service, &a.notice)
	}); err != nil {
		return nil, err
	}
	return a, s.serving(ctx, settings{database: d}, func(server *child) error {
		_, err := drive(ctx, server.addr, connections, 0, n/connections, func(c *caller, client, i int) error {
			return a.begin(c, i*connections+client)
		})
		return err
	})
}

// sampleAnswers are the first ones that stand beside the service's form as some that it accepts.
func sampleAnswers() (json.RawMessage, error) {
	raw, err := data.Towns.ReadFile(path.Join(path.Dir(data.Blomberg), blombergSlug, "samples", freeService+".json"))
	if err != nil {
		return nil, err
	}
	var samples struct {
		Accepted []struct{ Answers json.RawMessage }
	}
	if err := json.Unmarshal(raw, &samples); err != nil {
		return nil, err
	}
	if len(samples.Accepted) == 0 {
		return nil, fmt.Errorf("%s has no sample of answers", freeService)
	}
	return samples.Accepted[0].Answers, nil
}

func (a *applicants) begin(c *caller, i int) error {
	a.keys[i] = identity.NewCaseKey()
	if err := c.graphql("", openMutation, map[string]any{
		"idempotencyKey": uuid.NewString(), "municipality": map[string]string{"slug": blombergSlug}, "caseKey": a.keys[i],
	}, nil); err != nil {
		return err
	}
	var err error
	if a.drafts[i], err = c.write(a.keys[i], "startApplication", map[string]any{"service": a.service}, "DRAFT", 0); err != nil {
		return err
	}
	if _, err := c.write(a.keys[i], "confirmInformation", map[string]any{"application": a.drafts[i]}, "DRAFT", 0); err != nil {
		return err
	}
	_, err = c.write(a.keys[i], "acknowledgePrivacyNotice", map[string]any{"application": a.drafts[i], "privacyNotice": a.notice}, "DRAFT", 0)
	return err
}

// submit takes the i-th draft the rest of its way.
func (a *applicants) submit(c *caller, i int) error {
	id := a.drafts[i]
	if _, err := c.write(a.keys[i], "saveAnswers", map[string]any{"application": id, "revision": 0, "answers": a.answers}, "DRAFT", 1); err != nil {
		return err
	}
	if _, err := c.write(a.keys[i], "reviewApplication", map[string]any{"application": id, "revision": 1}, "DRAFT", 1); err != nil {
		return err
	}
	_, err := c.write(a.keys[i], "submitApplication", map[string]any{"application": id}, "SUBMITTED", 1)
	return err
}

// write runs a mutation of an application and checks what became of it.
func (c *caller) write(key, mutation string, input map[string]any, status string, revision int) (id string, err error) {
	input["idempotencyKey"] = uuid.NewString()
	query := `mutation Write($input: ` + strings.ToUpper(mutation[:1]) + mutation[1:] + `Input!) { ` + mutation +
		`(input: $input) { application { id status revision } problems { code } } }`
	var written map[string]struct {
		Application *struct {
			ID, Status string
			Revision   int
		}
		Problems []struct{ Code string }
	}
	if err := c.graphql(key, query, input, &written); err != nil {
		return "", fmt.Errorf("%s: %w", mutation, err)
	}
	a := written[mutation].Application
	if a == nil || a.Status != status || a.Revision != revision {
		return "", fmt.Errorf("%s: %+v %v", mutation, a, written[mutation].Problems)
	}
	return a.ID, nil
}

// submitted checks that so many applications were submitted, with all that happened to each of them.
func (d *database) submitted(ctx context.Context, want int) error {
	return d.with(ctx, func(conn *pgx.Conn) error {
		var applications, events int
		if err := conn.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM applications WHERE status = 'SUBMITTED' AND revision = 1 AND reviewed_revision = 1 AND answers <> ''),
			(SELECT count(*) FROM events WHERE action IN ('application.answered', 'application.reviewed', 'application.submitted'))`,
		).Scan(&applications, &events); err != nil {
			return err
		}
		if applications != want || events != 3*want {
			return fmt.Errorf("%d applications were submitted with %d events, wanted %d", applications, events, want)
		}
		return nil
	})
}
