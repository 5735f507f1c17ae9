package web

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type sized int

func (s sized) size() int { return int(s) }

func TestStoreHasRoomForSoManyAndSoManyBytes(t *testing.T) {
	t.Parallel()
	s := newStore[sized](2, 100)
	s.put("a", 40)
	s.put("a", 50) // in the place of the first
	s.put("b", 40)
	require.Len(t, s.values, 2)
	require.Equal(t, 92, s.bytes)
	s.put("c", 1)
	require.Equal(t, map[string]sized{"c": 1}, s.values, "a third has no room")
	s.put("d", 99)
	require.Equal(t, map[string]sized{"d": 99}, s.values, "nor have so many bytes")
	require.Equal(t, 100, s.bytes)
	value, ok := s.get("d")
	require.True(t, ok)
	require.Equal(t, sized(99), value)
	_, ok = s.get("a")
	require.False(t, ok)
}
