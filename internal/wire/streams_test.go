package wire

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
)

func TestStreamsTakeRoom(t *testing.T) {
	t.Parallel()

	s := NewStreams()
	s.Limit(Room{Streams: 5, Bytes: 24 * streamBytes, PlaceStreams: 2, PlaceBytes: 4 * streamBytes})
	home, school := []Place{{"home", 1}}, []Place{{"school", 2}}
	one, err := s.enter(home, func() {})
	require.NoError(t, err)
	two, err := s.enter(home, func() {})
	require.NoError(t, err)
	require.False(t, s.roomFor(home))
	_, err = s.enter(home, func() {})
	require.ErrorIs(t, err, errFull, "a third from one place")
	three, err := s.enter(school, func() {})
	require.NoError(t, err, "another place has its own")

	require.False(t, one.take(2*streamBytes+1), "more than the place has left")
	require.EqualValues(t, 3*streamBytes, s.Bytes(), "what has no room isn't counted")
	require.True(t, one.take(2*streamBytes))
	require.False(t, two.take(1))
	require.True(t, three.take(7*streamBytes), "twice the room of a place")
	require.False(t, three.take(1))
	require.True(t, one.take(-streamBytes))
	require.True(t, two.take(1))

	fourth, err := s.enter(nil, func() {})
	require.NoError(t, err, "without a place")
	require.True(t, fourth.take(8*streamBytes))
	require.False(t, fourth.take(4*streamBytes), "what all together have")
	fifth, err := s.enter(nil, func() {})
	require.NoError(t, err)
	_, err = s.enter(nil, func() {})
	require.ErrorIs(t, err, errFull, "a sixth of all")

	for _, stream := range []*stream{one, two, three, fourth, fifth} {
		stream.leave()
	}
	require.Zero(t, s.Bytes())
	require.Empty(t, s.places)
}

// A request is weighed by what was sent, in whatever it stands.
func TestAnOperationIsWeighed(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 1<<20)
	for name, params := range map[string]*graphql.RawParams{
		"document":   {Query: long},
		"variables":  {Variables: map[string]any{"a": []any{map[string]any{"b": long}}}},
		"names":      {Variables: map[string]any{long: nil}},
		"extensions": {Extensions: map[string]any{"a": long}},
	} {
		require.Greater(t, weight(params), 2<<20, name)
	}
}

// 2,000 connections that declare a megabyte and send a byte got 2 GB for it.
func TestABodyGetsMemoryForWhatHasCome(t *testing.T) {
	t.Parallel()

	body := &sparse{declared: 1 << 20}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", body)
	r.ContentLength = int64(body.declared)
	_, err := readBody(httptest.NewRecorder(), r, defaultLimit)
	require.Error(t, err)
	require.LessOrEqual(t, body.largest, 16<<10)
}

// sparse declares more than it has: one byte. It notes the largest buffer that it was to fill.
type sparse struct {
	declared, largest int
	sent              bool
}

func (s *sparse) Read(b []byte) (int, error) {
	s.largest = max(s.largest, len(b))
	if s.sent {
		return 0, http.ErrBodyReadAfterClose
	}
	s.sent = true
	b[0] = '{'
	return 1, nil
}
