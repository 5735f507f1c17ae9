package portal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"nelke/ent"
	"nelke/ent/municipality"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// change is what happened to one subject. Left is what it left behind: the event keeps a salted digest of it only.
type change struct {
	subject       string
	action        string // "appointment.booked"
	before, after string // states
	left          any
}

// System is the actor of what the service does by itself.
const System = "system"

// actorName is what an event says of who did it: no name of a person.
func actorName(a identity.Actor) string {
	switch a.Kind {
	case identity.Staff:
		return "staff:" + a.Subject
	case identity.CaseHolder:
		return "person"
	case identity.Partner:
		return "partner"
	default:
		return System
	}
}

// record adds an event to the chain of a case. The caller has locked the case's row and read it in this transaction,
// so count and head are the newest.
func (tx *Tx) record(ctx context.Context, c *ent.CaseFile, ch change) error {
	e, err := tx.append(ctx, c.ID, c.MunicipalityID, c.EventCount, c.EventHead, ch)
	if err != nil {
		return err
	}
	a := tx.Args()
	n, err := tx.exec(ctx, a, `UPDATE cases SET event_count = `+a.Bind(e.Seq)+`, event_head = `+a.Bind(e.Hash)+
		` WHERE id = `+a.Bind(c.ID)+` AND event_count = `+a.Bind(c.EventCount))
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("record: case %s was not locked", c.ID)
	}
	c.EventCount, c.EventHead = e.Seq, e.Hash
	return nil
}

// recordTown does the same for a change of a town's catalogue.
func (tx *Tx) recordTown(ctx context.Context, m *ent.Municipality, ch change) error {
	e, err := tx.append(ctx, m.ID, m.ID, m.EventCount, m.EventHead, ch)
	if err != nil {
		return err
	}
	n, err := tx.Municipality.Update().Where(municipality.ID(m.ID), municipality.EventCount(m.EventCount)).
		SetEventCount(e.Seq).SetEventHead(e.Hash).Save(ctx)
	if err != nil {
		return err
	}
	if n != 1 {
		return problem.New(problem.WrongState) // two changes of one catalogue at once: the second one reads again
	}
	m.EventCount, m.EventHead = e.Seq, e.Hash
	if ch.action != catalogueImported && typeOf(ch.subject) != "" { // an import writes its own entries of the feed
		tx.moved = append(tx.moved, moved{subject: ch.subject, municipality: m.ID})
	}
	return nil
}

func (tx *Tx) append(ctx context.Context, stream, municipality string, count int, head string, ch change) (*ent.Event, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	left, err := json.Marshal(ch.left)
	if err != nil {
		return nil, err
	}
	e := &ent.Event{
		Stream: stream, Seq: count + 1, MunicipalityID: municipality, At: tx.now.UTC().Truncate(time.Microsecond),
		Actor: actorName(tx.actor), Subject: ch.subject, Action: ch.action, Before: ch.before, After: ch.after,
		Salt: hex.EncodeToString(salt), Previous: head,
	}
	digest := sha256.Sum256(append([]byte(e.Salt), left...))
	e.Digest = hex.EncodeToString(digest[:])
	e.Hash = eventHash(e)
	a := tx.Args()
	_, err = tx.exec(ctx, a, `INSERT INTO events (stream, seq, municipality_id, at, actor, subject, action, before, after, salt, digest, previous, hash)
		VALUES (`+a.Bind(e.Stream)+`, `+a.Bind(e.Seq)+`, `+a.Bind(e.MunicipalityID)+`, `+a.Bind(e.At)+`, `+a.Bind(e.Actor)+`, `+
		a.Bind(e.Subject)+`, `+a.Bind(e.Action)+`, `+a.Bind(e.Before)+`, `+a.Bind(e.After)+`, `+
		a.Bind(e.Salt)+`, `+a.Bind(e.Digest)+`, `+a.Bind(e.Previous)+`, `+a.Bind(e.Hash)+`)`)
	return e, err
}

// eventHash is the SHA-256 over every field but the salt, each with its length before it, so that no two rows share it.
func eventHash(e *ent.Event) string {
	h := sha256.New()
	for _, field := range []string{
		e.Stream, strconv.Itoa(e.Seq), e.MunicipalityID, strconv.FormatInt(e.At.UnixMicro(), 10), e.Actor,
		e.Subject, e.Action, e.Before, e.After, e.Digest, e.Previous,
	} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}
