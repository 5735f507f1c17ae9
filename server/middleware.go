package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"nelke/internal/wire"
)

// chain puts the first middleware outermost.
func chain(h http.Handler, middleware ...func(http.Handler) http.Handler) http.Handler {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}

// secured sets what browsers should know of every answer, and asks clients to leave while the service is stopping:
// a connection that ends with an answer can't be cut with a request on its way.
func secured(stopping *atomic.Bool, https bool) func(http.Handler) http.Handler {
	var (
		nosniff = []string{"nosniff"}
		policy  = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
		quiet   = []string{"no-referrer"}
		strict  = []string{"max-age=31536000"}
		leave   = []string{"close"}
	)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header["X-Content-Type-Options"] = nosniff
			header["Content-Security-Policy"] = policy
			header["Referrer-Policy"] = quiet
			if https {
				header["Strict-Transport-Security"] = strict
			}
			if stopping.Load() {
				header["Connection"] = leave
			}
			next.ServeHTTP(w, r)
		})
	}
}

// retryAfter is when to come back to what isn't available, in seconds.
const retryAfter = "2"

// refuse answers a request that doesn't reach the graph, in the shape that a client of the graph reads.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	exchangeOf(r.Context()).refused(code)
	type problem struct {
		Message    string            `json:"message"`
		Extensions map[string]string `json:"extensions"`
	}
	body, err := json.Marshal(map[string][]problem{"errors": {{message, map[string]string{"code": code}}}})
	if err != nil {
		panic(err) // strings always encode
	}
	header := w.Header()
	header.Set("Content-Type", wire.Media(r.Header)+"; charset=utf-8")
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Del("ETag")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no concern of ours
}

// Middleware is what every request passes before it is answered, with a count and a log of its own: for whoever
// measures an answer against one that costs nothing to make.
func Middleware(log *slog.Logger) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		log := slog.New(withRequest{log.Handler()})
		transit := wire.NewTransit(wire.Room{}, nil)
		return chain(h, observe(log, newMetrics()), recovered(log), secured(&atomic.Bool{}, false), weighed(transit))
	}
}
