package portal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/casefile"
	"nelke/ent/event"
	"nelke/ent/headdigest"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// Fault is one break of a chain of events.
type Fault struct {
	Stream string // id of the case, or of the municipality
	Seq    int    // of the row at fault; 0: the chain's end
	What   string
}

// String says it in a line.
func (f Fault) String() string { return fmt.Sprintf("%s: event %d: %s", f.Stream, f.Seq, f.What) }

// Audit walks every chain of events in one snapshot and compares it with its head: a row that was removed, changed,
// added or swapped shows, the last one included. A case that was removed whole shows against the newest nightly digest,
// by its counts. It returns the number of events seen and the faults found.
func (p *Portal) Audit(ctx context.Context) (events int, faults []Fault, err error) {
	defer problem.Wrap(&err, "Audit")

	err = p.store.Read(ctx, func(ctx context.Context, tx *store.Tx) error {
		a := &audit{heads: map[string]head{}, seen: map[string]head{}, towns: map[string]*tally{}}
		for _, step := range []func(context.Context, *ent.Client) error{a.readHeads, a.walk, a.compareDigests} {
			if err := step(ctx, tx.Client); err != nil {
				return err
			}
		}
		a.compareHeads()
		events, faults = a.events, a.faults
		return nil
	})
	return events, faults, err
}

type audit struct {
	heads, seen map[string]head   // by stream
	towns       map[string]*tally // by municipality
	events      int
	faults      []Fault
}

type head struct {
	count int
	hash  string
}

// tally is how many chains and events a town has.
type tally struct{ streams, events int }

func (a *audit) fault(stream string, seq int, format string, args ...any) {
	a.faults = append(a.faults, Fault{stream, seq, fmt.Sprintf(format, args...)})
}

func (a *audit) readHeads(ctx context.Context, db *ent.Client) error {
	towns, err := db.Municipality.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, t := range towns {
		a.heads[t.ID] = head{t.EventCount, t.EventHead}
		a.towns[t.ID] = &tally{streams: 1, events: t.EventCount}
	}
	last := ""
	for {
		page, err := db.CaseFile.Query().Where(casefile.IDGT(last)).Order(casefile.ByID()).Limit(1000).All(ctx)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			a.heads[c.ID] = head{c.EventCount, c.EventHead}
			a.towns[c.MunicipalityID].streams++
			a.towns[c.MunicipalityID].events += c.EventCount
		}
		last = page[len(page)-1].ID
	}
}

// walk reads all events by id. Within a chain ids ascend, since each event waits for the one before it.
func (a *audit) walk(ctx context.Context, db *ent.Client) error {
	last := 0
	for {
		page, err := db.Event.Query().Where(event.IDGT(last)).Order(event.ByID()).Limit(1000).All(ctx)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			before := a.seen[e.Stream]
			switch {
			case e.Seq != before.count+1:
				a.fault(e.Stream, e.Seq, "follows event %d", before.count)
			case e.Previous != before.hash:
				a.fault(e.Stream, e.Seq, "does not continue the event before it")
			case e.Hash != eventHash(e):
				a.fault(e.Stream, e.Seq, "was changed")
			}
			a.seen[e.Stream] = head{count: e.Seq, hash: e.Hash}
			a.events++
		}
		last = page[len(page)-1].ID
	}
}

func (a *audit) compareHeads() {
	for stream, want := range a.heads {
		if got := a.seen[stream]; got != want {
			a.fault(stream, 0, "ends at event %d, its head says %d", got.count, want.count)
		}
	}
	for stream, got := range a.seen {
		if _, ok := a.heads[stream]; !ok {
			a.fault(stream, got.count, "belongs to nothing")
		}
	}
	slices.SortFunc(a.faults, func(x, y Fault) int {
		return cmp.Or(cmp.Compare(x.Stream, y.Stream), cmp.Compare(x.Seq, y.Seq))
	})
}

// compareDigests holds what is there against the newest digest of each town. Cases are never removed, so there can only
// be more.
func (a *audit) compareDigests(ctx context.Context, db *ent.Client) error {
	for id, now := range a.towns {
		d, err := db.HeadDigest.Query().Where(headdigest.MunicipalityID(id)).Order(ent.Desc(headdigest.FieldAt)).First(ctx)
		if ent.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if now.streams < d.Streams || now.events < d.Events {
			a.fault(id, 0, "has %d chains with %d events, and had %d with %d on %s",
				now.streams, now.events, d.Streams, d.Events, d.At.Format(time.DateOnly))
		}
	}
	return nil
}
