package portal

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"

	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// A database that was put back from a copy has lost what came after the copy, and numbers it anew: position 36 of the feed is
// another change than it was. So what a reader keeps for long carries the epoch of the database, which is renewed whenever a copy
// was put back. A database to which that never happened has none.

// Restored begins a new epoch of the database, after it was put back from a copy, and returns its name. Cursors of the feed of
// changes given out before are refused from now on. All that is in the feed moves to its end, so that partners who are called
// hear of everything anew. What other processes and Redis remember is void.
func (p *Portal) Restored(ctx context.Context) (epoch string, err error) {
	defer problem.Wrap(&err, "Restored")

	name := rand.Text()
	err = p.write(identity.WithActor(ctx, identity.Actor{}), func(ctx context.Context, tx *Tx) error {
		now, err := store.LockOffices(ctx, tx.Tx, []string{feedLock}, true)
		if err != nil {
			return err
		}
		if err := tx.Epoch.Create().SetName(name).SetAt(now).Exec(ctx); err != nil {
			return err
		}
		end, err := tx.feedEnd(ctx)
		if err != nil {
			return err
		}
		a := tx.Args()
		if _, err := tx.exec(ctx, a, `UPDATE changes SET position = position + `+a.Bind(end.position)); err != nil {
			return err
		}
		tx.nudge(live.Everything)
		return nil
	})
	return name, err
}

// feedEnd is the epoch of the database, empty before the first, and the last position of the feed.
type feedEnd struct {
	epoch    string
	position int64
}

// endOfFeed asks for the feed's end.
const endOfFeed = `SELECT coalesce((SELECT name FROM epochs ORDER BY id DESC LIMIT 1), ''), coalesce((SELECT max(position) FROM changes), 0)`

// feedEnd reads the feed's end within the transaction.
func (tx *Tx) feedEnd(ctx context.Context) (end feedEnd, err error) {
	return end, tx.SQL.QueryRowContext(ctx, endOfFeed).Scan(&end.epoch, &end.position)
}

// listOfChanges begins the cursors of the feed.
const listOfChanges = "c\x00"

// cursor names a position in the feed. Without an epoch it has the form of old, which readers keep.
func (end feedEnd) cursor(position int64) string {
	text := listOfChanges + strconv.FormatInt(position, 10)
	if end.epoch != "" {
		text += "\x00" + end.epoch
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// after is the position that a cursor names.
//
// Problems: INVALID_INPUT, CURSOR_OUTDATED.
func (end feedEnd) after(cursor string) (int64, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ours := strings.CutPrefix(string(decoded), listOfChanges)
	number, epoch, _ := strings.Cut(text, "\x00")
	position, fault := strconv.ParseInt(number, 10, 64)
	switch {
	case err != nil, !ours, fault != nil, position < 0:
		return 0, problem.Invalid(problem.RuleCursor, "since")
	case epoch != end.epoch, position > end.position:
		return 0, problem.New(problem.CursorOutdated, "since")
	}
	return position, nil
}
