package graph

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What was cut for want of room stays cut, though another field finds room afterwards: such an answer must never be kept.
func TestWhatWasCutStaysCut(t *testing.T) {
	t.Parallel()
	a := &answer{widen: func() bool { return false }}
	a.limit.Store(1 << 20)
	a.room.Store(100)
	require.True(t, a.goesOn(100))
	a.ending.Store(tooMuch)
	require.False(t, a.goesOn(50))
	a.room.Store(1 << 10)
	require.False(t, a.goesOn(100))
}
