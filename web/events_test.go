package web

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readIn writes a stream to a reader in pieces of so many bytes, and returns the events that it hands over, as "name: data".
func readIn(t *testing.T, text string, piece int) (events []string, end error) {
	t.Helper()
	reader := &eventReader{handle: func(event string, data []byte) error {
		events = append(events, event+": "+string(data))
		return nil
	}}
	for len(text) > 0 {
		part := []byte(text[:min(piece, len(text))])
		n, err := reader.Write(part)
		if err != nil {
			break
		}
		require.Equal(t, len(part), n)
		clear(part) // what was written is the writer's again
		text = text[n:]
	}
	return events, reader.end()
}

func TestEventsAreTheSameInWhateverPiecesTheyCome(t *testing.T) {
	t.Parallel()
	const stream = ":\n\nevent: next\ndata: {\"a\":1}\n\n: a comment\n\nevent: next\r\ndata: first\r\ndata:second\ndata: third\r\n\r\nid: 7\n\nevent: complete\ndata:\n\ndata: cut"
	want := []string{": ", `next: {"a":1}`, ": ", "next: firstsecondthird", "complete: "}
	for piece := 1; piece <= len(stream); piece++ {
		events, end := readIn(t, stream, piece)
		require.Equal(t, want, events, "in pieces of %d bytes", piece)
		require.ErrorIs(t, end, io.ErrUnexpectedEOF)
	}
}

func TestAnEventMayNotBeEndless(t *testing.T) {
	t.Parallel()
	line := "data: " + strings.Repeat("x", mostAnswer/4)
	events, end := readIn(t, line+"\n\n"+line+line+line+line, 1<<20)
	require.Len(t, events, 1)
	require.ErrorIs(t, end, errTooLong, "a line")
	events, end = readIn(t, strings.Repeat(line+"\n", 5), 1<<20)
	require.Empty(t, events)
	require.ErrorIs(t, end, errTooLong, "many lines")
}

func TestARefusalMayNotBeEndless(t *testing.T) {
	t.Parallel()
	var refusal bounded
	n, err := io.Copy(&refusal, strings.NewReader(strings.Repeat("x", mostAnswer+1)))
	require.ErrorIs(t, err, errTooLong)
	require.LessOrEqual(t, n, int64(mostAnswer))
}

func TestNothingIsHandedOverAfterAFailure(t *testing.T) {
	t.Parallel()
	failure, handed := errors.New("no more"), 0
	reader := &eventReader{handle: func(string, []byte) error {
		handed++
		return failure
	}}
	for range 2 {
		_, err := reader.Write([]byte("data: 1\n\ndata: 2\n\n"))
		require.ErrorIs(t, err, failure)
	}
	require.Equal(t, 1, handed)
	require.ErrorIs(t, reader.end(), failure)
}

func TestAPanicIsTheReadersOwn(t *testing.T) {
	t.Parallel()
	reader := &eventReader{handle: func(string, []byte) error { panic("in the page") }}
	_, err := reader.Write([]byte("data: 1\n\n")) // whoever writes goes on
	require.Error(t, err)
	defer func() { require.Contains(t, recover(), "in the page") }()
	_ = reader.end()
}
