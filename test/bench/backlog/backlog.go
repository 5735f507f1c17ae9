// Package backlog fills a town with applications for proofs of the clerks' work queue: most of them done with, a few
// hundred open. A larger backlog holds the smaller one and goes on after it, in whatever way the queue is filtered: so
// first pages are the same, and only their speed may differ.
package backlog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backlog is what a town is filled with.
type Backlog struct {
	Town    string    // slug; its forms say what can be applied for
	Service string    // slug: half of what is open is for this one
	Clerks  []string  // subjects: half of what is claimed is the first one's
	Total   int       // applications, drafts included
	Open    int       // of these, the ones that wait for somebody: from 400 on, each of Filters has a full page and more
	Now     time.Time // between the deadlines of what is overdue and of what isn't, with days to spare
}

// Fill writes the backlog into a database of PostgreSQL that has the town and no applications: each with its case, every
// second one paid for, every tenth at the second attempt, and with its events. Their hashes are none: an audit would
// complain.
func (b Backlog) Fill(ctx context.Context, conn *pgx.Conn) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("fill %s with %d applications: %w", b.Town, b.Total, err)
		}
	}()
	var town, notice string
	if err := conn.QueryRow(ctx, `SELECT m.id, (SELECT id FROM privacy_notices WHERE municipality_id = m.id ORDER BY id LIMIT 1)
		FROM municipalities m WHERE m.slug = $1`, b.Town).Scan(&town, &notice); err != nil {
		return err
	}
	var services, forms []string
	if err := conn.QueryRow(ctx, `SELECT array_agg(s.id ORDER BY s.slug <> $2, s.slug), array_agg(f.id ORDER BY s.slug <> $2, s.slug)
		FROM public_services s JOIN forms f ON f.service_id = s.id WHERE s.municipality_id = $1`, town, b.Service).Scan(&services, &forms); err != nil {
		return err
	}
	for _, fill := range []struct {
		sql  string
		args []any
	}{
		{fillCases, []any{town, b.Total, notice, b.Now}},
		{fillApplications, []any{town, b.Total, notice, b.Now, services, forms, b.Clerks, b.Open}},
		{fillPayments, nil},
		{fillEvents, nil},
		// As autovacuum leaves it.
		{`VACUUM ANALYZE`, nil},
	} {
		if _, err := conn.Exec(ctx, fill.sql, fill.args...); err != nil {
			return err
		}
	}
	return nil
}

const fillCases = `INSERT INTO cases (id, municipality_id, notice_id, notice_at, opened_at, given_name, family_name)
	SELECT 'case_' || lpad(n::text, 26, '0'), $1, $3, $4::timestamptz - interval '4 years', $4::timestamptz - interval '4 years', 'Erika', 'Mustermann'
	FROM generate_series(0, $2::int - 1) n`

// What is done with comes first, then what is open, each counted by j from 0. The deadlines rise with j, so that a larger
// backlog goes on where the smaller one ends. The rows lie about the table as they happen to: an archive isn't sorted.
const fillApplications = `INSERT INTO applications (id, case_id, municipality_id, service_id, form_id, reference, status, answers,
		revision, reviewed_revision, notice_id, notice_at, due_cents, started_at, edited_at, expires_at, submitted_at, deadline, ended_at,
		clerk, clerk_name, dispatch_method)
	SELECT CASE WHEN open THEN 'application_1' ELSE 'application_0' END || lpad(j::text, 25, '0'), 'case_' || lpad(n::text, 26, '0'), $1,
		($5::text[])[service], ($6::text[])[service], CASE WHEN open THEN 'BLO-1' ELSE 'BLO-0' END || j, status, '{"filler":"' || repeat(md5(n::text), 16) || '"}',
		1, 1, $3, deadline - interval '14 days', CASE WHEN submitted THEN CASE WHEN j % 2 = 0 THEN 1000 ELSE 0 END END,
		deadline - interval '14 days', deadline - interval '14 days', CASE WHEN status = 'DRAFT' THEN $4::timestamptz + interval '20 days' END,
		CASE WHEN submitted THEN deadline - interval '14 days' END, CASE WHEN submitted THEN deadline END,
		CASE WHEN submitted AND NOT open THEN deadline - interval '1 day' END,
		CASE WHEN claimed THEN ($7::text[])[clerk] ELSE '' END, CASE WHEN claimed THEN 'Clerk ' || clerk ELSE '' END,
		CASE WHEN status = 'COMPLETED' THEN 'POST' ELSE '' END
	FROM (
		SELECT *, status <> 'DRAFT' AS submitted, status IN ('IN_PROGRESS', 'WAITING_FOR_APPLICANT', 'COMPLETED', 'REJECTED') AS claimed
		FROM (
			SELECT n, open, j,
				CASE WHEN open THEN (ARRAY['SUBMITTED', 'SUBMITTED', 'IN_PROGRESS', 'IN_PROGRESS', 'WAITING_FOR_APPLICANT'])[1 + j % 5]
					WHEN j % 20 = 0 THEN 'REJECTED' WHEN j % 20 = 1 THEN 'WITHDRAWN' WHEN j % 100 = 2 THEN 'DRAFT' ELSE 'COMPLETED' END AS status,
				CASE WHEN j / 5 % 2 = 0 THEN 1 ELSE 2 + j % (cardinality($5::text[]) - 1) END AS service,
				CASE WHEN j / 10 % 2 = 0 THEN 1 ELSE 2 + j % (cardinality($7::text[]) - 1) END AS clerk,
				$4::timestamptz + j * interval '1 minute' +
					CASE WHEN NOT open THEN interval '-3 years' WHEN j / 20 % 2 = 0 THEN interval '-20 days' ELSE interval '3 days' END AS deadline
			FROM (SELECT n, n >= $2::int - $8::int AS open, CASE WHEN n >= $2::int - $8::int THEN n - ($2::int - $8::int) ELSE n END AS j
				FROM generate_series(0, $2::int - 1) n) AS counted
		) AS described
	) AS applied
	ORDER BY md5(n::text)`

const fillPayments = `INSERT INTO payments (id, application_id, case_id, municipality_id, cents, method, status, transaction_id,
		received_cents, created_at, expires_at, paid_at, ended_at)
	SELECT 'payment_' || attempt || substr(a.id, 13, 1) || right(a.id, 24), a.id, a.case_id, a.municipality_id, 1000, 'CREDIT_CARD',
		CASE attempt WHEN 2 THEN 'PAID' ELSE 'FAILED' END, attempt || a.reference, CASE attempt WHEN 2 THEN 1000 ELSE 0 END,
		a.started_at, a.started_at + interval '30 minutes', CASE attempt WHEN 2 THEN a.started_at END, CASE attempt WHEN 1 THEN a.started_at END
	FROM applications a CROSS JOIN generate_series(1, 2) attempt
	WHERE a.due_cents > 0 AND (attempt = 2 OR right(a.reference, 1) = '0')`

const fillEvents = `INSERT INTO events (stream, seq, municipality_id, at, actor, subject, action, before, after, salt, digest, previous, hash)
	SELECT case_id, seq, municipality_id, started_at, 'person', subject, action, '', '', md5(subject), md5(action), md5(action), md5(subject) || md5(action)
	FROM (
		SELECT a.case_id, 1 AS seq, a.municipality_id, a.started_at, p.id AS subject, 'payment.paid' AS action
		FROM applications a JOIN payments p ON p.application_id = a.id AND p.status = 'PAID'
		UNION ALL
		SELECT case_id, seq, municipality_id, started_at, id, action
		FROM applications CROSS JOIN (VALUES (2, 'application.submitted'), (3, 'application.claimed'), (4, 'application.completed')) AS v (seq, action)
		WHERE submitted_at IS NOT NULL AND (seq < 3 OR clerk <> '') AND (seq < 4 OR status = 'COMPLETED')
	) AS happened
	ORDER BY case_id, seq`
