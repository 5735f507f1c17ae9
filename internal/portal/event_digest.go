package portal

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/casefile"
	"nelke/ent/digestrun"
	"nelke/ent/municipality"
	"nelke/ent/schema"
	"nelke/internal/problem"
)

// digestKind is the kind of the only run there is.
const digestKind = "heads"

// DigestHeads writes down, per municipality, one digest over the heads of all its chains: whoever keeps a copy of the
// digest can tell later that no case was removed whole. The heads are read a slice at a time, and how far that has come is
// written down with each slice: a run that was interrupted is continued by the next one. A case that changes meanwhile counts
// as it was when its slice was read.
func (p *Portal) DigestHeads(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "DigestHeads")

	run, err := p.openDigest(ctx)
	if err != nil {
		return err
	}
	for {
		begun := time.Now() //nolint:forbidigo // a length of time and no instant
		cases, err := p.headsAfter(ctx, run.last)
		if err != nil {
			return err
		}
		if err := run.add(ctx, p.store.Reader(), cases); err != nil {
			return err
		}
		if len(cases) < slice {
			return p.write(ctx, run.end)
		}
		if err := p.write(ctx, run.save); err != nil {
			return err
		}
		run.saved, run.fresh = run.last, false
		took := time.Since(begun) //nolint:forbidigo // likewise
		if err := rest(ctx, min(took, sliceRest)); err != nil {
			return err
		}
	}
}

// digesting is a run of DigestHeads, as far as it has come.
type digesting struct {
	saved string // the last case when the run was saved
	last  string // id of the last case that was read
	fresh bool   // nothing of it is saved
	towns map[string]*headsOf
}

// headsOf is the digest of a town's heads, as far as they were read: SHA-256 over the town's own head, then those of its cases
// by id.
type headsOf struct {
	tally
	sum savedHash
}

// savedHash is a hash whose state can be written down: that of crypto/sha256.
type savedHash interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

func newHeads() *headsOf { return &headsOf{sum: sha256.New().(savedHash)} } //nolint:forcetypeassert // as its documentation says

func (d *headsOf) add(id string, events int, head string) {
	fmt.Fprintf(d.sum, "%s %d %s\n", id, events, head)
	d.streams++
	d.events += events
}

// openDigest reads the run that was begun and not ended, or begins one with the towns' own heads.
func (p *Portal) openDigest(ctx context.Context) (*digesting, error) {
	run := &digesting{towns: map[string]*headsOf{}}
	saved, err := p.store.Reader().DigestRun.Query().Where(digestrun.Kind(digestKind)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		run.fresh = true
		return run, run.addTowns(ctx, p.store.Reader())
	case err != nil:
		return nil, err
	}
	run.saved, run.last = saved.Last, saved.Last
	for id, t := range saved.Towns {
		d := newHeads()
		d.tally = tally{t.Streams, t.Events}
		if err := d.sum.UnmarshalBinary(t.Sum); err != nil {
			return nil, fmt.Errorf("digest of %s so far: %w", id, err)
		}
		run.towns[id] = d
	}
	return run, nil
}

// headsAfter reads the next slice of heads.
func (p *Portal) headsAfter(ctx context.Context, last string) ([]*ent.CaseFile, error) {
	return p.store.Reader().CaseFile.Query().Where(casefile.IDGT(last)).Order(casefile.ByID()).Limit(slice).
		Select(casefile.FieldID, casefile.FieldMunicipalityID, casefile.FieldEventCount, casefile.FieldEventHead).All(ctx)
}

// addTowns adds the own heads of towns that the run doesn't have yet.
func (r *digesting) addTowns(ctx context.Context, db *ent.Client) error {
	towns, err := db.Municipality.Query().Select(municipality.FieldID, municipality.FieldEventCount, municipality.FieldEventHead).All(ctx)
	if err != nil {
		return err
	}
	for _, t := range towns {
		if r.towns[t.ID] == nil {
			r.towns[t.ID] = newHeads()
			r.towns[t.ID].add(t.ID, t.EventCount, t.EventHead)
		}
	}
	return nil
}

// add adds the heads of cases, and of a town that was imported since the run began.
func (r *digesting) add(ctx context.Context, db *ent.Client, cases []*ent.CaseFile) error {
	for _, c := range cases {
		if r.towns[c.MunicipalityID] == nil {
			if err := r.addTowns(ctx, db); err != nil {
				return err
			}
		}
		r.towns[c.MunicipalityID].add(c.ID, c.EventCount, c.EventHead)
		r.last = c.ID
	}
	return nil
}

// save writes down how far the run has come.
func (r *digesting) save(ctx context.Context, tx *Tx) error {
	if err := tx.tick(ctx); err != nil {
		return err
	}
	towns := make(map[string]schema.DigestedTown, len(r.towns))
	for id, d := range r.towns {
		sum, err := d.sum.MarshalBinary()
		if err != nil {
			return err
		}
		towns[id] = schema.DigestedTown{Streams: d.streams, Events: d.events, Sum: sum}
	}
	if r.fresh {
		return tx.DigestRun.Create().SetKind(digestKind).SetLast(r.last).SetTowns(towns).SetAt(tx.now).Exec(ctx)
	}
	return mine(tx.DigestRun.Update().Where(digestrun.Kind(digestKind), digestrun.Last(r.saved)).SetLast(r.last).SetTowns(towns).SetAt(tx.now).Save(ctx))
}

// end writes the digests, and forgets the run.
func (r *digesting) end(ctx context.Context, tx *Tx) error {
	if err := tx.tick(ctx); err != nil {
		return err
	}
	if !r.fresh {
		if err := mine(tx.DigestRun.Delete().Where(digestrun.Kind(digestKind), digestrun.Last(r.saved)).Exec(ctx)); err != nil {
			return err
		}
	}
	for _, town := range slices.Sorted(maps.Keys(r.towns)) {
		d := r.towns[town]
		if err := tx.HeadDigest.Create().SetMunicipalityID(town).SetAt(tx.now).SetStreams(d.streams).
			SetEvents(d.events).SetDigest(hex.EncodeToString(d.sum.Sum(nil))).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

var errOtherDigest = errors.New("another process has gone on with the digest")

// mine returns an error where no row was written: another process has gone on with the run, and does the rest.
func mine(rows int, err error) error {
	if err == nil && rows == 0 {
		err = errOtherDigest
	}
	return err
}
