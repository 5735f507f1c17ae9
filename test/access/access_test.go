package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// Everybody asks for everything, and the table says what they get.
func TestEverybodySeesAndDoesWhatTheTableSays(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for _, part := range []struct {
			name   string
			writes bool
			run    func(*testing.T)
		}{
			{"who may not see a thing reads what isn't there", false, w.reads},
			{"every path from every thing", false, w.everything},
			{"what may be seen comes in one batch with what may not", false, w.batches},
			{"what is public is the same for everybody", false, w.commons},
			{"who may not write is told what is told of nothing, and leaves nothing", true, w.refusals},
			{"who may write is not kept by who they are", true, w.permissions},
			{"who may write has done it", true, w.stories},
			{"what staff may not see leaves no gap", true, w.gaps},
		} {
			w.moving = part.writes
			require.True(t, t.Run(part.name, part.run))
		}
		for _, difference := range w.differences() {
			t.Error(difference)
		}
		t.Logf("%d lines of the table, %d requests about one thing by one actor, %d fields looked at", len(w.table.rows), w.checks, w.fields)
	})
}
