package portal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/casefile"
	"nelke/ent/idempotency"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// Tx is one write on its way: the transaction, who asks, and whom to wake after the commit.
type Tx struct {
	*store.Tx
	actor   identity.Actor
	now     time.Time // the database's clock, or a test's; set by lockOffices or tick before it is used
	nudges  []live.Key
	moved   []moved // in the feed of changes
	written any     // the appointment or application as this transaction left it; nil where it wrote none
}

// nudge wakes watchers of the keys once the transaction has committed, and not before.
func (tx *Tx) nudge(keys ...live.Key) { tx.nudges = append(tx.nudges, keys...) }

// write runs one transaction and nudges after its commit. work may run more than once, so it keeps nothing outside.
func (p *Portal) write(ctx context.Context, work func(context.Context, *Tx) error) error {
	var nudges []live.Key
	err := p.store.Write(ctx, func(ctx context.Context, stx *store.Tx) error {
		tx := &Tx{Tx: stx, actor: identity.FromContext(ctx)}
		if err := work(ctx, tx); err != nil {
			return err
		}
		err := tx.announce(ctx)
		if err == nil {
			err = p.enqueueWebhooks(ctx, tx)
		}
		nudges = tx.nudges
		return err
	})
	if err != nil {
		return err
	}
	p.hub.Nudge(nudges...)
	return nil
}

// writeOn is write for what the service itself does to a case. It takes its turn first.
func (p *Portal) writeOn(ctx context.Context, caseID string, work func(context.Context, *Tx) error) error {
	done, err := p.lines.take(ctx, "case "+caseID, 0)
	if err != nil {
		return err
	}
	defer done()
	return p.write(ctx, work)
}

// request is a call of a mutation, as a write remembers it.
type request struct {
	operation string // name of the mutation
	key       string // its idempotency key
	input     any    // whole: a repeat must have the same
	id        string // of what the write will leave behind, where that is known beforehand
	caseID    string // of the case that it writes on, where that is known beforehand
	owner     string // scope of the actor to whom the key belongs; empty: of the context's
}

// onCase returns the request as one on a case.
func (r request) onCase(id string) request {
	r.caseID = id
	return r
}

// of returns the request with its owner filled in.
func (r request) of(ctx context.Context) request {
	r.owner = cmp.Or(r.owner, identity.FromContext(ctx).Scope())
	return r
}

// scope returns what a key must be new within: an operation of one actor.
func (r request) scope() string { return r.operation + " " + r.owner }

// once is write for an operation that may be repeated safely. The first commit under a key of an actor and operation
// decides; a repeat with the same input gets the same outcome, an id, without any effect; with another input it is a
// problem. What had no effect is not remembered, so a repeat after SLOT_TAKEN may succeed. work returns the id of what it has
// left behind.
//
// Problems: RATE_LIMITED.
func (p *Portal) once(ctx context.Context, r request, work func(context.Context, *Tx) (string, error)) (done done, err error) {
	digest, err := inputHash(r.input)
	if err != nil {
		return done, err
	}
	r = r.of(ctx)
	leave, err := p.lineUp(ctx, r)
	if err != nil {
		return done, err
	}
	defer leave()
	scope := r.scope()
	err = p.write(ctx, func(ctx context.Context, tx *Tx) error {
		first, err := tx.remember(ctx, scope, r.key, digest, r.id)
		if err != nil {
			return err
		}
		if !first {
			done.written = nil // of an attempt that was rolled back
			done.id, err = tx.replay(ctx, scope, r.key, digest)
			return err
		}
		done.id, err = work(ctx, tx)
		done.written = tx.written
		if err != nil || done.id == r.id {
			return err
		}
		return tx.Idempotency.Update().Where(idempotency.Scope(scope), idempotency.Key(r.key)).SetOutcome(done.id).Exec(ctx)
	})
	return done, err
}

// done is the outcome of a write: the id of what it left behind, and the thing itself as it is now, where this call
// wrote it last. A repeat has the id alone.
type done struct {
	id      string
	written any
}

// remember claims the key, and waits for a transaction that is just about to. It reports whether this is the first.
func (tx *Tx) remember(ctx context.Context, scope, key, digest, outcome string) (bool, error) {
	a := tx.Args()
	done, err := tx.SQL.ExecContext(ctx, `INSERT INTO idempotencies (scope, key, input_hash, outcome, at) VALUES (`+
		a.Bind(scope)+`, `+a.Bind(key)+`, `+a.Bind(digest)+`, `+a.Bind(outcome)+`, `+a.Now()+`) ON CONFLICT DO NOTHING`, a.List()...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

func (tx *Tx) replay(ctx context.Context, scope, key, digest string) (string, error) {
	row, err := tx.Idempotency.Query().Where(idempotency.Scope(scope), idempotency.Key(key)).Only(ctx)
	if err != nil {
		return "", err
	}
	if row.InputHash != digest {
		return "", problem.New(problem.IdempotencyKeyReused, "input", "idempotencyKey")
	}
	return row.Outcome, nil
}

// inputHash is the SHA-256 of an input as JSON, hex. Structs marshal their fields in one order, so equal inputs are
// equal here.
func inputHash(input any) (string, error) {
	b, err := json.Marshal(input)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// tick reads the clock for an operation that takes no office's lock.
func (tx *Tx) tick(ctx context.Context) (err error) {
	tx.now, err = tx.Now(ctx)
	return err
}

// lockOffices takes the offices' locks, shared for what goes into the book, exclusive for what must see nobody else in
// it, and reads the clock behind them.
func (tx *Tx) lockOffices(ctx context.Context, exclusive bool, offices ...string) (err error) {
	tx.now, err = store.LockOffices(ctx, tx.Tx, offices, exclusive)
	return err
}

// lockCase locks a case until the end of the transaction and reads what writes need of it: of what is personal,
// the name alone, which applications are found by. It is nil where the condition finds none.
func (tx *Tx) lockCase(ctx context.Context, where predicate.CaseFile) (*ent.CaseFile, error) {
	query := tx.CaseFile.Query().Where(where)
	if tx.Dialect == dialect.Postgres {
		// NO KEY: rows that refer to the case by foreign key are inserted meanwhile.
		query.Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") })
	}
	c, err := query.Select(casefile.FieldID, casefile.FieldMunicipalityID, casefile.FieldLanguage, casefile.FieldGivenName, casefile.FieldFamilyName, casefile.FieldNoticeID,
		casefile.FieldNoticeAt, casefile.FieldEventCount, casefile.FieldEventHead).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return c, err
}

// ForgetIdempotency drops what is remembered of writes older than a week: no client repeats that late.
func (p *Portal) ForgetIdempotency(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "ForgetIdempotency")

	return inSlices(ctx, p, func() ([]int, error) {
		now, err := p.store.Now(ctx)
		if err != nil {
			return nil, err
		}
		return p.store.Reader().Idempotency.Query().Where(idempotency.AtLT(now.AddDate(0, 0, -7))).Order(idempotency.ByAt()).Limit(slice).IDs(ctx)
	}, func(ctx context.Context, tx *Tx, ids []int) error {
		a := tx.Args()
		_, err := tx.exec(ctx, a, `DELETE FROM idempotencies WHERE id `+store.In(a, int64s(ids)))
		return err
	})
}
