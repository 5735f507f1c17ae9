package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"nelke/internal/wire"
	pages "nelke/web"
)

// exchange is one request and its answer, as the log and the metrics see them. It notes what the answer was like,
// and never what stood in it.
type exchange struct {
	http.ResponseWriter
	id     string
	status int // 0: nothing written yet
	bytes  int
	kept   bool
	trace  string // id of the trace, where it is recorded
	load   wire.Load
	errors *codes // counts errors of answers that the graph doesn't give

	mu         sync.Mutex // operations of a WebSocket run side by side
	operation  string     // type of the first one
	name       string     // its name, as far as the log may carry it
	operations int
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// Unwrap lets http.ResponseController reach what can flush, hijack and set deadlines.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (e *exchange) WriteHeader(status int) {
	if e.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(b []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	write := e.ResponseWriter.Write
	if len(b) > pieceBytes {
		write = e.writeLong
	}
	n, err := write(b)
	e.bytes += n
	return n, err
}

// executes notes an operation. The first one of a connection gives its name.
func (e *exchange) executes(operation, name string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.operations++; e.operations == 1 {
		e.operation, e.name = operation, name
	}
}

// refused counts an error of an answer that the graph doesn't give.
func (e *exchange) refused(code string) {
	if e != nil {
		e.errors.count(code)
	}
}

// observe gives each request an id, counts it, and writes one line about it: nothing of a query's text, of variables,
// of tokens, or of the person who asks, whose address is personal data too.
func observe(log *slog.Logger, m *metrics) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			e := &exchange{ResponseWriter: w, id: r.Header.Get("X-Request-Id"), errors: m.errors}
			if !sane(e.id) {
				e.id = rand.Text()
			}
			w.Header()["X-Request-Id"] = []string{e.id}
			ctx := context.WithValue(r.Context(), exchangeKey{}, e)
			defer func() {
				took := time.Since(start)
				m.answered(e.status)
				level := slog.LevelInfo
				switch {
				case e.status >= 500:
					level = slog.LevelWarn
				case r.URL.Path == "/livez" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics":
					level = slog.LevelDebug // every few seconds, by machines
				}
				if !log.Enabled(ctx, level) {
					return
				}
				attrs := append(make([]slog.Attr, 0, 8),
					slog.String("method", method(r)), slog.String("path", route(r)), slog.Int("status", e.status),
					slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int("bytes", e.bytes))
				if e.kept {
					attrs = append(attrs, slog.Bool("kept", true))
				}
				if e.operations > 0 {
					attrs = append(attrs, slog.String("operation", e.operation))
					if e.name != "" {
						attrs = append(attrs, slog.String("name", e.name))
					}
				}
				if e.operations > 1 {
					attrs = append(attrs, slog.Int("operations", e.operations))
				}
				line := slog.NewRecord(time.Now(), level, "request", 0) // where it was written is the same for all
				line.AddAttrs(attrs...)
				_ = log.Handler().Handle(ctx, line) // a log that can't be written is no reason to fail
			}()
			next.ServeHTTP(e, r.WithContext(ctx))
		})
	}
}

// sane ids go into the log as they come. Forty characters hold a UUID, and no case key.
func sane(id string) bool {
	if id == "" || len(id) > 40 {
		return false
	}
	for _, c := range []byte(id) {
		if c-'0' > 9 && c|0x20-'a' > 25 && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// route is the path, if it is one of ours: others are a stranger's words, and may tell of persons.
func route(r *http.Request) string {
	switch path := r.URL.Path; path {
	case "/", "/graphql", "/livez", "/readyz", "/metrics", "/version", webhookPath, exportPath:
		return path
	default:
		for _, folder := range []string{demoPath, returnPath, sandboxPath, qualityPath} {
			if strings.HasPrefix(path, folder+"/") {
				return folder
			}
		}
		return pages.Route(path)
	}
}

func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// recovered answers a panic with 500, and cuts the connection where an answer had begun.
func recovered(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				value := recover()
				if value == nil {
					return
				}
				if value == http.ErrAbortHandler { //nolint:errorlint // the value itself, as net/http compares it
					panic(value)
				}
				log.ErrorContext(r.Context(), "panic", "value", value, "stack", string(debug.Stack()))
				if e := exchangeOf(r.Context()); e != nil && e.status != 0 {
					panic(http.ErrAbortHandler)
				}
				refuse(w, r, http.StatusInternalServerError, "INTERNAL", "Something went wrong on our side. It has been noted.")
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// withRequest adds the request's id to every line that is logged while it is served.
type withRequest struct{ slog.Handler }

func (h withRequest) Handle(ctx context.Context, record slog.Record) error {
	if e := exchangeOf(ctx); e != nil {
		record.AddAttrs(slog.String("request", e.id))
		if e.trace != "" {
			record.AddAttrs(slog.String("trace_id", e.trace))
		}
	}
	return h.Handler.Handle(ctx, record)
}

func (h withRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(attrs)}
}

func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}
