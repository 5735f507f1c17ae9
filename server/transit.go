package server

import (
	"net/http"
	"time"

	"nelke/internal/wire"
)

const (
	// lightAnswer is how many bytes of an answer that is in memory anyway aren't weighed: all requests for it share the same bytes.
	lightAnswer = 32 << 10
	// pieceBytes is how much of a long answer is written at a time, and piecePatience is how long a client may take to read as much.
	pieceBytes    = 64 << 10
	piecePatience = 10 * time.Second
)

// transitOf is what may be on its way in a process.
func transitOf(cfg Config) *wire.Transit {
	return wire.NewTransit(wire.Room{Bytes: 4 * cfg.TransitBytes, PlaceBytes: cfg.TransitBytes}, placesOf(cfg))
}

// weighed weighs each request as it comes, and ends its Load once the answer is written. It stands within observe.
func weighed(transit *wire.Transit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := exchangeOf(r.Context())
			e.load.Begin(transit, r)
			defer e.load.End()
			r.Body = e.load.Body(r)
			next.ServeHTTP(w, r)
		})
	}
}

// room reports whether there is room for an answer that is in memory already, or refuses it.
func room(w http.ResponseWriter, r *http.Request, length int) bool {
	e := exchangeOf(r.Context())
	if e == nil || length <= lightAnswer || e.load.Take(int64(length)) {
		return true
	}
	w.Header().Set("Retry-After", retryAfter)
	refuse(w, r, http.StatusServiceUnavailable, "UNAVAILABLE", "Please try again in a moment: "+wire.Full{}.Error()+".")
	return false
}

// writeLong writes an answer piece by piece, each with a deadline of its own: the server's is for the whole answer, and would cut off
// clients that read slowly as well as those that don't read.
func (e *exchange) writeLong(b []byte) (written int, err error) {
	controller := http.NewResponseController(e.ResponseWriter)
	for len(b) > 0 && err == nil {
		_ = controller.SetWriteDeadline(time.Now().Add(piecePatience)) // not every writer can, and tests' recorders can't
		var n int
		n, err = e.ResponseWriter.Write(b[:min(pieceBytes, len(b))])
		b, written = b[n:], written+n
	}
	return written, err
}
