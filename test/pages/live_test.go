package pages_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// openTimes opens the live part of the page of free times. Its first line has come when it returns with 200.
func openTimes(t *testing.T, p *suite.Process, path string) (*http.Response, *bufio.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // what must come comes sooner
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	in := bufio.NewReader(answer.Body)
	if answer.StatusCode == http.StatusOK {
		_, err := in.Peek(1)
		require.NoError(t, err)
	}
	return answer, in
}

// event returns the next event that isn't a comment.
func event(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		switch {
		case strings.HasPrefix(line, ":"):
		case line != "\n":
			text.WriteString(line)
		case text.Len() > 0:
			return text.String()
		}
	}
}

// TestAllOpenPagesShowATimeThatIsTaken opens the free times several times, in both languages, and takes one.
func TestAllOpenPagesShowATimeThatIsTaken(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		place := p.Place()
		var readers []*bufio.Reader
		var first []string
		for _, path := range []string{"/termin/zeiten/live?dienst=reisepass:1", "/termin/zeiten/live?dienst=reisepass:1", "/en/termin/zeiten/live?dienst=reisepass:1"} {
			_, in := openTimes(t, p, path)
			readers, first = append(readers, in), append(first, event(t, in))
		}
		require.Equal(t, first[0], first[1])
		require.NotEqual(t, first[0], first[2])
		start := p.Anonymous().Starts(place, 5)[0]
		held := p.Case().Hold(place, start, suite.Key())
		for ; held.Problem() == ""; held = p.Case().Hold(place, start, suite.Key()) { // at each counter
			held.OK("holdSlot.appointment")
		}
		require.Equal(t, "SLOT_TAKEN", held.Problem())
		german := event(t, readers[0])
		require.Contains(t, german, "wurde gerade vergeben")
		require.Equal(t, german, event(t, readers[1]))
		require.Contains(t, event(t, readers[2]), "has just been taken")
	})
}

// TestAnOpenPageIsAStreamOfItsNetwork opens more pages than a network may have streams, and stops the service.
func TestAnOpenPageIsAStreamOfItsNetwork(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.Streams = 2 })
	const path = "/termin/zeiten/live?dienst=reisepass:1"
	one, _ := openTimes(t, p, path)
	_, other := openTimes(t, p, path)
	refused, _ := openTimes(t, p, path)
	require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	require.NoError(t, one.Body.Close())
	require.Eventually(t, func() bool {
		answer, _ := openTimes(t, p, path)
		return answer.StatusCode == http.StatusOK
	}, 20*time.Second, 10*time.Millisecond, "the first one's place is free")
	require.NoError(t, p.Stop())
	_, err := io.Copy(io.Discard, other)
	require.Truef(t, err == nil || err == io.ErrUnexpectedEOF, "it ends: %v", err) //nolint:errorlint // as it is
}
