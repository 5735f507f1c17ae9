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
	"nelke/ent/casefile"
	"nelke/ent/event"
	"nelke/ent/municipality"
	"nelke/internal/identity"
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
	n, err := tx.CaseFile.Update().Where(casefile.ID(c.ID), casefile.EventCount(c.EventCount)).
		SetEventCount(e.Seq).SetEventHead(e.Hash).Save(ctx)
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
		return refuse(WrongState) // two changes of one catalogue at once: the second one reads again
	}
	m.EventCount, m.EventHead = e.Seq, e.Hash
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
	return e, tx.Event.Create().
		SetStream(e.Stream).SetSeq(e.Seq).SetMunicipalityID(e.MunicipalityID).SetAt(e.At).SetActor(e.Actor).
		SetSubject(e.Subject).SetAction(e.Action).SetBefore(e.Before).SetAfter(e.After).
		SetSalt(e.Salt).SetDigest(e.Digest).SetPrevious(e.Previous).SetHash(e.Hash).
		Exec(ctx)
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

// Fault is one break of a chain of events.
type Fault struct {
	Stream string // id of the case, or of the municipality
	Seq    int    // of the row at fault; 0: the chain's end
	What   string
}

// String says it in a line.
func (f Fault) String() string { return fmt.Sprintf("%s: event %d: %s", f.Stream, f.Seq, f.What) }

// Audit walks every chain of events and compares it with its head: a row that was removed, changed, added or swapped
// shows, the last one included. It also recomputes the newest nightly digest's counts. It returns the number of events
// seen and the faults found.
func (p *Portal) Audit(ctx context.Context) (events int, faults []Fault, err error) {
	defer wrap(&err, "Audit")

	db := p.store.Reader()
	heads := map[string]head{}
	if err := eachHead(ctx, db, func(id string, h head) { heads[id] = h }); err != nil {
		return 0, nil, err
	}
	last := 0
	seen := map[string]head{}
	for {
		// By id: pages stay stable while new events arrive, and each chain comes in its own order.
		page, err := db.Event.Query().Where(event.IDGT(last)).Order(event.ByID()).Limit(1000).All(ctx)
		if err != nil {
			return events, faults, err
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			before := seen[e.Stream]
			switch {
			case e.Seq != before.count+1:
				faults = append(faults, Fault{e.Stream, e.Seq, fmt.Sprintf("follows event %d", before.count)})
			case e.Previous != before.hash:
				faults = append(faults, Fault{e.Stream, e.Seq, "does not continue the event before it"})
			case e.Hash != eventHash(e):
				faults = append(faults, Fault{e.Stream, e.Seq, "was changed"})
			}
			seen[e.Stream] = head{count: e.Seq, hash: e.Hash}
			events++
		}
		last = page[len(page)-1].ID
	}
	for stream, want := range heads {
		// Events written since the heads were read make the chain longer, never shorter.
		if got := seen[stream]; got.count < want.count || got.count == want.count && got.hash != want.hash {
			faults = append(faults, Fault{stream, 0, fmt.Sprintf("ends at event %d, its head says %d", got.count, want.count)})
		}
	}
	for stream, got := range seen {
		if _, ok := heads[stream]; ok {
			continue
		}
		known, err := p.streamExists(ctx, stream)
		if err != nil {
			return events, faults, err
		}
		if !known {
			faults = append(faults, Fault{stream, got.count, "belongs to nothing"})
		}
	}
	return events, faults, nil
}

type head struct {
	count int
	hash  string
}

func eachHead(ctx context.Context, db *ent.Client, each func(id string, h head)) error {
	towns, err := db.Municipality.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, t := range towns {
		each(t.ID, head{t.EventCount, t.EventHead})
	}
	last := ""
	for {
		page, err := db.CaseFile.Query().Where(casefile.IDGT(last)).Order(casefile.ByID()).Limit(1000).
			Select(casefile.FieldID, casefile.FieldEventCount, casefile.FieldEventHead).All(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		for _, c := range page {
			each(c.ID, head{c.EventCount, c.EventHead})
		}
		last = page[len(page)-1].ID
	}
}

// streamExists tells whether a case or town of that id came to be since the heads were read.
func (p *Portal) streamExists(ctx context.Context, id string) (bool, error) {
	found, err := p.store.Reader().CaseFile.Query().Where(casefile.ID(id)).Exist(ctx)
	if err != nil || found {
		return found, err
	}
	return p.store.Reader().Municipality.Query().Where(municipality.ID(id)).Exist(ctx)
}

// DigestHeads writes down, per municipality, one digest over the heads of all its chains: whoever keeps a copy of the
// digest can tell later that no case was removed whole.
func (p *Portal) DigestHeads(ctx context.Context) (err error) {
	defer wrap(&err, "DigestHeads")

	return p.write(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.tick(ctx); err != nil {
			return err
		}
		towns, err := tx.Municipality.Query().Order(municipality.ByID()).All(ctx)
		if err != nil {
			return err
		}
		for _, t := range towns {
			cases, err := tx.CaseFile.Query().Where(casefile.MunicipalityID(t.ID)).Order(casefile.ByID()).
				Select(casefile.FieldID, casefile.FieldEventCount, casefile.FieldEventHead).All(ctx)
			if err != nil {
				return err
			}
			h := sha256.New()
			events := t.EventCount
			fmt.Fprintf(h, "%s %d %s\n", t.ID, t.EventCount, t.EventHead)
			for _, c := range cases {
				fmt.Fprintf(h, "%s %d %s\n", c.ID, c.EventCount, c.EventHead)
				events += c.EventCount
			}
			err = tx.HeadDigest.Create().SetMunicipalityID(t.ID).SetAt(tx.now).SetStreams(len(cases) + 1).
				SetEvents(events).SetDigest(hex.EncodeToString(h.Sum(nil))).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
