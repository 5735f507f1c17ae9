package wire_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/wire"
)

const stream = "text/event-stream"

func TestSSEAnswers(t *testing.T) {
	t.Parallel()
	town := setup(t, config{})
	for name, test := range map[string]struct{ document, body string }{
		"query":        {"{hello}", "event: next\ndata: {\"data\":{\"hello\":\"Blomberg\"}}\n\nevent: complete\ndata:\n\n"},
		"mutation":     {"mutation{set}", "event: next\ndata: {\"data\":{\"set\":\"done\"}}\n\nevent: complete\ndata:\n\n"},
		"subscription": {"subscription{count(to:2)}", "event: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\nevent: complete\ndata:\n\n"},
		"line breaks in raw JSON stay inside one line": {
			"subscription{lines}", "event: next\ndata: {\"data\":{\"lines\": \"a\\nb\"  }}\n\nevent: complete\ndata:\n\n",
		},
		"a subscription that fails to begin": {
			"subscription{denied}", "event: next\ndata: {\"errors\":[{\"message\":\"not yours\"}]}\n\nevent: complete\ndata:\n\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := town.do(t, "POST", "", `{"query":"`+test.document+`"}`, jsonHeader(stream))
			require.Equal(t, 200, response.StatusCode)
			require.Equal(t, stream+"; charset=utf-8", response.Header.Get("Content-Type"))
			require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			require.Equal(t, ":\n\n"+test.body, body)
		})
		if name == "mutation" {
			continue // by GET it is refused
		}
		t.Run(name+", by GET", func(t *testing.T) {
			t.Parallel()
			response, body := town.do(t, "GET", "?"+url.Values{"query": {test.document}}.Encode(), "", http.Header{"Accept": {stream}})
			require.Equal(t, 200, response.StatusCode)
			require.Equal(t, ":\n\n"+test.body, body)
		})
	}
	for _, document := range []string{"{unknown}", "{boom}"} {
		t.Run("errors are an event for who takes nothing else: "+document, func(t *testing.T) {
			t.Parallel()
			response, body := town.do(t, "POST", "", `{"query":"`+document+`"}`, jsonHeader(stream))
			require.Equal(t, 200, response.StatusCode)
			require.Contains(t, body, "event: next\ndata: {\"errors\":[{")
			require.True(t, strings.HasSuffix(body, "}\n\nevent: complete\ndata:\n\n"), body)
			require.NotContains(t, body, `"data"`)
		})
	}
}

// listen opens a subscription, and returns its lines.
func (w *town) listen(t *testing.T, document string) (*http.Response, *bufio.Reader) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL, strings.NewReader(`{"query":"`+document+`"}`))
	require.NoError(t, err)
	request.Header = jsonHeader(stream)
	response, err := w.Client().Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, bufio.NewReader(response.Body)
}

func TestSSEStream(t *testing.T) {
	t.Parallel()
	t.Run("events are flushed as they come, with comments between", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{events: wire.SSE{KeepAlive: 10 * time.Millisecond}})
		_, lines := town.listen(t, "subscription{ticks}")
		for _, want := range []string{":\n", "\n", "event: next\n", "data: {\"data\":{\"ticks\":1}}\n", "\n", ":\n", "\n", ":\n"} {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, want, line)
		}
	})
	t.Run("a client that leaves ends the subscription", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		response, _ := town.listen(t, "subscription{ticks}")
		require.Equal(t, "ticks", receive(t, town.begun))
		require.NoError(t, response.Body.Close())
		require.Equal(t, "ticks", receive(t, town.ended))
	})
	t.Run("a reader that is stuck is given up", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{events: wire.SSE{WriteTimeout: 100 * time.Millisecond}})
		town.listen(t, "subscription{big}")
		require.Eventually(t, func() bool { return town.streams.Open() == 0 }, patience, time.Millisecond)
		require.Less(t, town.asked.Load(), int64(100))
	})
	t.Run("shutdown breaks it", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		_, lines := town.listen(t, "subscription{ticks}")
		require.Equal(t, "ticks", receive(t, town.begun))
		town.streams.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, town.streams.Wait(ctx))
		var text strings.Builder
		_, err := lines.WriteTo(&text)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "in order, it would read as the end of the subscription")
		require.NotContains(t, text.String(), "complete")

		response, body := town.do(t, "POST", "", `{"query":"subscription{ticks}"}`, jsonHeader(stream))
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, body)
		response, _ = town.do(t, "POST", "", `{"query":"{hello}"}`, jsonHeader(stream))
		require.Equal(t, http.StatusOK, response.StatusCode)
	})
}
