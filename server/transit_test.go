package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"nelke/server"
)

// transit is how many bytes are on their way, as the metrics say.
func (s *service) transit() int {
	s.t.Helper()
	for line := range strings.Lines(s.do(http.MethodGet, "/metrics", "").body) {
		if text, ok := strings.CutPrefix(line, "nelke_transit_bytes "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			require.NoError(s.t, err)
			return int(n)
		}
	}
	s.t.Fatal("the metrics don't say how much is on its way")
	return 0
}

// within asserts that no more than so many bytes are on their way until all of the work is done.
func (s *service) within(most int, work *sync.WaitGroup) {
	s.t.Helper()
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	for {
		require.LessOrEqual(s.t, s.transit(), most)
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// drained waits until nothing is on its way.
func (s *service) drained() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.transit() == 0 }, patience, 20*time.Millisecond)
}

// begin connects to the service, with little memory for what it answers, and writes.
func (s *service) begin(text string) net.Conn {
	dialer := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10) })
	}}
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.cfg.Addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = io.WriteString(conn, text) // which the service may not want to read to its end
	return conn
}

func post(network string, length int) string {
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: nelke\r\nContent-Type: application/json\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n", network, length)
}

const (
	network, neighbour = "192.0.2.7", "198.51.100.7"
	mebibyte           = 1 << 20
)

func TestBodiesOnTheirWayAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exempt []string
		room   int // in all
	}{
		"of a network":                  {nil, 6 * mebibyte},
		"of all, where none is bounded": {[]string{"192.0.2.0/24"}, 24 * mebibyte},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(cfg *server.Config) {
				cfg.AnswerBytes, cfg.TransitBytes, cfg.Proxies, cfg.ExemptNetworks, cfg.ExemptTimes = 64<<10, 6*mebibyte, []string{"127.0.0.0/8"}, c.exempt, 0
			})
			const most = 900_000
			kept := c.room / (3 * most) // as many have room
			var sending sync.WaitGroup
			answers := make(chan string, 60)
			conns := make(chan net.Conn, cap(answers))
			for range cap(answers) {
				sending.Go(func() {
					conn := s.begin(post(network, mebibyte) + `{"query":"` + strings.Repeat(" ", most))
					conns <- conn
					go func() {
						answer, _ := http.ReadResponse(bufio.NewReader(conn), nil)
						if answer == nil {
							answers <- "" // cut off while it wrote
							return
						}
						text, _ := io.ReadAll(answer.Body)
						_ = answer.Body.Close()
						answers <- fmt.Sprintf("%d %s %s", answer.StatusCode, answer.Header.Get("Retry-After"), text)
					}()
				})
			}
			s.within(c.room, &sending)
			refused := 0
			for range cap(answers) - kept {
				if answer := <-answers; answer != "" {
					require.Regexp(t, `^503 10 .*"UNAVAILABLE"`, answer)
					refused++
				}
			}
			require.Positive(t, refused)
			require.LessOrEqual(t, s.transit(), c.room)

			require.Equal(t, http.StatusOK, s.graph(`{ __typename }`, nil, "X-Forwarded-For", network).status, "what is small needs no room")
			if c.exempt == nil {
				large := s.graph(`{ __typename `+strings.Repeat(" ", most)+`}`, nil, "X-Forwarded-For", neighbour)
				require.Equal(t, http.StatusOK, large.status, "others have room of their own")
			}
			close(conns)
			for conn := range conns {
				_ = conn.Close()
			}
			s.drained()
			require.Equal(t, http.StatusOK, s.graph(`{ __typename `+strings.Repeat(" ", most)+`}`, nil, "X-Forwarded-For", network).status)
		})
	}
}

func TestMessagesOnTheirWayAreBounded(t *testing.T) {
	t.Parallel()
	for name, greeted := range map[string]bool{"before connection_init": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const room, most = 6 * mebibyte, 900_000
			s := start(t, func(cfg *server.Config) {
				cfg.AnswerBytes, cfg.TransitBytes, cfg.Proxies = 64<<10, room, []string{"127.0.0.0/8"}
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var sending sync.WaitGroup
			ends := make(chan websocket.StatusCode, 40)
			for range cap(ends) {
				conn := s.socket(ctx, greeted)
				sending.Go(func() {
					if w, err := conn.Writer(ctx, websocket.MessageText); err == nil {
						_, _ = io.WriteString(w, strings.Repeat(" ", most)) // which the service may not want to read to its end
					}
				})
				go func() {
					var err error
					for err == nil {
						_, _, err = conn.Read(ctx)
					}
					ends <- websocket.CloseStatus(err)
				}()
			}
			s.within(room, &sending)
			refused := 0
			for range cap(ends) - room/(3*most) {
				switch end := <-ends; end {
				case websocket.StatusTryAgainLater:
					refused++
				case -1: // cut off while it wrote
				default:
					require.False(t, greeted, end)
					require.EqualValues(t, 4408, end)
				}
			}
			require.Positive(t, refused)
			cancel()
			s.drained()
		})
	}
}

// socket opens a WebSocket.
func (s *service) socket(ctx context.Context, greeted bool) *websocket.Conn {
	s.t.Helper()
	conn, _, err := websocket.Dial(ctx, s.url+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"X-Forwarded-For": {network}},
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(8 * mebibyte)
	if greeted {
		require.NoError(s.t, wsjson.Write(ctx, conn, map[string]string{"type": "connection_init"}))
		var ack struct{ Type string }
		require.NoError(s.t, wsjson.Read(ctx, conn, &ack))
	}
	return conn
}

// long is a document whose answer has some 3.8 MB.
func (s *service) long() string {
	s.t.Helper()
	document := func(n int) string {
		fields := "fields { name "
		for i := range n {
			fields += fmt.Sprintf("a%d: description ", i)
		}
		return `query Q { __schema { types { fields { type { ` + fields + `} ofType { ` + fields + `} ofType { ` + fields + `} } } } } } } }`
	}
	none, one := len(s.graph(document(0), nil).body), len(s.graph(document(1), nil).body)
	text := document((3_800_000 - none) / (one - none))
	require.Greater(s.t, len(s.graph(text, nil).body), 3_500_000)
	return text
}

func TestAnswersThatNobodyReadsAreBounded(t *testing.T) {
	t.Parallel()
	const room = 24 * mebibyte
	for name, kept := range map[string]bool{"executed each time": false, "from memory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(cfg *server.Config) { cfg.TransitBytes, cfg.Proxies = room, []string{"127.0.0.0/8"} })
			text := s.long()
			s.drained()
			var asking sync.WaitGroup
			statuses := make(chan string, 40)
			for i := range cap(statuses) {
				asking.Go(func() {
					query := text
					if !kept {
						query = strings.Replace(text, "Q {", fmt.Sprintf("Q%d { b%d: __typename", i, i), 1)
					}
					body := fmt.Sprintf(`{"query":%q}`, query)
					line, _ := bufio.NewReaderSize(s.begin(post(network, len(body))+body), 16).ReadString('\r')
					statuses <- line
				})
			}
			s.within(room, &asking)
			close(statuses)
			refused := 0
			for line := range statuses {
				if line != "HTTP/1.1 200 OK\r" {
					require.Equal(t, "HTTP/1.1 503 Service Unavailable\r", line)
					refused++
				}
			}
			require.Positive(t, refused)
			s.drained() // nobody has read more, nor hung up
			got := s.graph(text, nil, "X-Forwarded-For", network)
			require.Equal(t, http.StatusOK, got.status)
			require.Greater(t, len(got.body), 3_000_000)
		})
	}
}

func TestAnswersOfASocketThatNobodyReadsAreBounded(t *testing.T) {
	t.Parallel()
	const room = 24 * mebibyte
	s := start(t, func(cfg *server.Config) { cfg.TransitBytes, cfg.Proxies = room, []string{"127.0.0.0/8"} })
	text := s.long()
	s.drained()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn := s.socket(ctx, true)
	const operations = 30
	for i := range operations {
		require.NoError(t, wsjson.Write(ctx, conn, map[string]any{"type": "subscribe", "id": strconv.Itoa(i), "payload": map[string]string{"query": text}}))
	}
	whole, refused := 0, 0
	var reading sync.WaitGroup
	reading.Go(func() {
		for whole+refused < operations {
			var m struct {
				Type    string
				Payload struct {
					Data   any
					Errors []struct{ Extensions struct{ Code string } }
				}
			}
			if wsjson.Read(ctx, conn, &m) != nil {
				return
			}
			switch {
			case m.Type != "next":
			case m.Payload.Data != nil:
				whole++
			case m.Payload.Errors[0].Extensions.Code == "UNAVAILABLE":
				refused++
			}
		}
	})
	s.within(room, &reading)
	require.Equal(t, operations, whole+refused)
	require.Positive(t, whole)
	require.Positive(t, refused)
	s.drained()
}
