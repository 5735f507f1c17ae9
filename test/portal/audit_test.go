package portal_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/ent"
	"nelke/ent/event"
	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
)

// Whoever can write into the database can't make what happened unhappen: the audit finds every row that was removed,
// changed, added or swapped, the last one included.
func TestAuditFindsWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.holder.On("cancelAppointment", w.booked, suite.Key()).OK("cancelAppointment.appointment.id")
		require.NoError(t, w.Stop()) // what the service does by itself would be in the way
		db, err := store.Open(t.Context(), store.Config{DatabaseURL: w.Config.DatabaseURL, DataDir: w.Config.Data})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		exec := func(query string, args ...any) {
			t.Helper()
			_, err := db.WriteDB().ExecContext(t.Context(), query, args...)
			require.NoError(t, err)
		}
		found := func() []string {
			t.Helper()
			_, faults, err := server.Audit(t.Context(), w.Config)
			require.NoError(t, err)
			lines := []string{}
			for _, f := range faults {
				require.Contains(t, []string{w.caseID, "case_nobodys", w.town(t)}, f.Stream)
				lines = append(lines, fmt.Sprint(f.Seq, " ", f.What))
			}
			return lines
		}
		require.Empty(t, found())
		chain, err := db.Reader().Event.Query().Where(event.Stream(w.caseID)).Order(event.BySeq()).All(t.Context())
		require.NoError(t, err)
		require.Greater(t, len(chain), 4)
		second, third, last := chain[1], chain[2], chain[len(chain)-1]
		exec(`CREATE TABLE saved AS SELECT * FROM events`)

		for name, tamper := range map[string]func() (want string){
			"the last row is gone": func() string {
				exec(`DELETE FROM events WHERE id = $1`, last.ID)
				return fmt.Sprintf("0 ends at event %d, its head says %d", last.Seq-1, last.Seq)
			},
			"a row in between is gone": func() string {
				exec(`DELETE FROM events WHERE id = $1`, second.ID)
				return "3 follows event 1"
			},
			"a row was changed": func() string {
				exec(`UPDATE events SET actor = 'staff:somebody' WHERE id = $1`, second.ID)
				return "2 was changed"
			},
			"the salted digest of what was left was changed": func() string {
				exec(`UPDATE events SET digest = $1 WHERE id = $2`, third.Digest, second.ID)
				return "2 was changed"
			},
			"a row was written anew, with its hash": func() string {
				second.Actor = "staff:somebody"
				exec(`UPDATE events SET actor = $1, hash = $2 WHERE id = $3`, second.Actor, hashOf(second, true), second.ID)
				return "3 does not continue the event before it"
			},
			"a row was written anew, with its hash, and the next one relinked": func() string {
				second.Actor = "staff:somebody"
				exec(`UPDATE events SET actor = $1, hash = $2 WHERE id = $3`, second.Actor, hashOf(second, true), second.ID)
				exec(`UPDATE events SET previous = $1 WHERE id = $2`, hashOf(second, true), third.ID)
				return "3 was changed"
			},
			"a row was written anew, and the next one relinked, as if hashes left out the row before": func() string {
				second.Actor = "staff:somebody"
				exec(`UPDATE events SET actor = $1, hash = $2 WHERE id = $3`, second.Actor, hashOf(second, false), second.ID)
				exec(`UPDATE events SET previous = $1 WHERE id = $2`, hashOf(second, false), third.ID)
				return "2 was changed"
			},
			"the last row was written anew, with its hash": func() string {
				last.Actor = "staff:somebody"
				exec(`UPDATE events SET actor = $1, hash = $2 WHERE id = $3`, last.Actor, hashOf(last, true), last.ID)
				return fmt.Sprintf("0 ends at event %d, its head says %d", last.Seq, last.Seq)
			},
			"two rows changed places": func() string {
				exec(`UPDATE events SET seq = -1 WHERE id = $1`, second.ID)
				exec(`UPDATE events SET seq = $1 WHERE id = $2`, second.Seq, third.ID)
				exec(`UPDATE events SET seq = $1 WHERE id = $2`, third.Seq, second.ID)
				return "3 follows event 1"
			},
			"a row was added": func() string {
				exec(`INSERT INTO events (stream, seq, municipality_id, at, actor, subject, action, salt, digest, previous, hash)
					SELECT stream, seq + 1, municipality_id, at, actor, subject, action, salt, digest, hash, 'x' FROM events WHERE id = $1`, last.ID)
				return strconv.Itoa(last.Seq+1) + " was changed"
			},
			"rows of nothing were added": func() string {
				exec(`INSERT INTO events (stream, seq, municipality_id, at, actor, subject, action, salt, digest, previous, hash)
					SELECT 'case_nobodys', 1, municipality_id, at, actor, subject, action, salt, digest, '', 'x' FROM events WHERE id = $1`, last.ID)
				return "1 belongs to nothing"
			},
			"there were more chains and events on the day before": func() string {
				exec(`INSERT INTO head_digests (municipality_id, at, streams, events, digest)
					SELECT municipality_id, at, 1000, 1, 'x' FROM events WHERE id = $1`, last.ID)
				return "had 1000 with 1"
			},
		} {
			t.Run(name, func(t *testing.T) {
				defer func(before [2]ent.Event) { *second, *last = before[0], before[1] }([2]ent.Event{*second, *last})
				want := tamper()
				faults := found()
				exec(`DELETE FROM events`)
				exec(`INSERT INTO events SELECT * FROM saved`)
				exec(`DELETE FROM head_digests WHERE streams = 1000`)
				require.NotEmpty(t, faults)
				require.Contains(t, fmt.Sprint(faults), want)
				require.Empty(t, found(), "and nothing else is wrong")
			})
		}
	})
}

func (w *world) town(t *testing.T) (id string) {
	t.Helper()
	require.NoError(t, w.database.QueryRow(`SELECT id FROM municipalities`).Scan(&id))
	return id
}

// hashOf is how a forger would compute an event's hash, who has read the source. Chained hashes cover the row before.
func hashOf(e *ent.Event, chained bool) string {
	fields := []string{
		e.Stream, strconv.Itoa(e.Seq), e.MunicipalityID, strconv.FormatInt(e.At.UnixMicro(), 10), e.Actor,
		e.Subject, e.Action, e.Before, e.After, e.Digest,
	}
	if chained {
		fields = append(fields, e.Previous)
	}
	h := sha256.New()
	for _, field := range fields {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}
