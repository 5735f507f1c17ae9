package server

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nelke/internal/cache"
	"nelke/internal/live"
)

// BenchmarkAnswer compares a kept answer with a handler that writes the same bytes from memory, behind the same
// middleware: over real connections, written to and read from by hand, so that little but the server is measured.
func BenchmarkAnswer(b *testing.B) {
	answer := []byte(`{"data":{"availability":{"days":[` + strings.Repeat(`{"date":"2026-11-23","starts":["2026-11-23T09:00:00+01:00","2026-11-23T09:15:00+01:00"]},`, 120) + `null]}}}`)
	executed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept")
		cache.Public(cache.RootField(r.Context()))
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	})
	memory := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(answer)
	})
	m := newMetrics()
	log := slog.New(withRequest{slog.NewJSONHandler(io.Discard, nil)})
	around := func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/graphql", chain(h, cors(newOrigins([]string{"https://town.example"}, "http://nelke.test"))))
		return chain(mux, observe(log, m), recovered(log), secured(&atomic.Bool{}, false))
	}
	answers := cache.NewAnswers(live.NewHub(), 1<<20, func() time.Time { return time.Unix(0, 0) }) // ten seconds never pass

	b.Run("memory", func(b *testing.B) { ask(b, around(memory)) })
	b.Run("kept", func(b *testing.B) { ask(b, around(cacheAnswers(answers, time.Now, m)(executed))) })
}

func ask(b *testing.B, h http.Handler) {
	b.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	const body = `{"query":"query($i: AvailabilityInput!) { availability(input: $i) { days { date starts } } }","variables":{"i":{"office":"office_01m82z2ts3fyza0dntbbd57fp5","concerns":[{"service":"service_01m82z2ts3fyza0dntbbd57fp5"}]}}}`
	request := []byte("POST /graphql HTTP/1.1\r\nHost: nelke\r\nAccept: */*\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n" +
		"X-Request-Id: 5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	b.SetParallelism(16) // for each of the cores: 32 connections on two
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		reader := bufio.NewReaderSize(conn, 64<<10)
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			if err := skip(reader); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// skip reads one answer, by its Content-Length.
func skip(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err = r.Discard(length)
			return err
		}
		if n, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(n)); err != nil {
				return err
			}
		}
	}
}
