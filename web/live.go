package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// stream sends fragments of a page as server-sent events. An element of a fragment takes the place of the one with its id.
type stream struct {
	v       *visit
	begun   bool
	last    []byte
	release func()
}

// stream begins a stream that ends with the request, or when the site stops.
func (v *visit) stream() *stream {
	whole := v.r
	ctx, cancel := context.WithCancel(whole.Context())
	v.r = whole.WithContext(ctx)
	unhook := context.AfterFunc(v.site.ended, cancel)
	return &stream{v: v, release: func() {
		unhook()
		cancel()
		v.r = whole // a page that says why there is no stream isn't made in a context that has ended
	}}
}

// send sends a fragment, unless it is the one that was sent last.
func (s *stream) send(fragment templ.Component) error {
	var body bytes.Buffer
	if err := fragment.Render(s.v.r.Context(), &body); err != nil {
		return err
	}
	if bytes.Equal(s.last, body.Bytes()) {
		return nil
	}
	s.last = body.Bytes()
	return s.event("", body.String())
}

func (s *stream) event(name, data string) error { return s.sendEvent(eventOf(name, data)) }

// eventOf returns an event as it is sent.
func eventOf(name, data string) []byte {
	var out bytes.Buffer
	if name != "" {
		out.WriteString("event: " + name + "\n")
	}
	for line := range strings.SplitSeq(data, "\n") {
		out.WriteString("data: " + strings.TrimSuffix(line, "\r") + "\n")
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// sendEvent sends what eventOf has returned.
func (s *stream) sendEvent(event []byte) error {
	if !s.begun {
		header := s.v.w.Header()
		header.Set("Content-Type", "text/event-stream; charset=utf-8")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Accel-Buffering", "no")
		s.begun = true
	}
	return s.write(event)
}

// ping keeps the connection alive.
func (s *stream) ping() error {
	if !s.begun {
		return nil
	}
	return s.write([]byte(":\n\n"))
}

// writePatience is how long a browser may take to read an event before its stream is cut.
const writePatience = 10 * time.Second

func (s *stream) write(text []byte) error {
	control := http.NewResponseController(s.v.w)
	_ = control.SetReadDeadline(time.Time{})                    // the server's own are for requests that end
	_ = control.SetWriteDeadline(time.Now().Add(writePatience)) // a writer without deadlines blocks no longer than its reader
	if _, err := s.v.w.Write(text); err != nil {
		return err
	}
	return control.Flush()
}

// end finishes the stream: for good where the subscription has ended by itself, or will never begin, else so that the browser comes back. An
// error before anything was sent is returned, to be answered as one.
func (s *stream) end(err error) error {
	defer s.release()
	if graph := (*GraphError)(nil); !s.begun && errors.As(err, &graph) && graph.refuses() {
		s.v.site.cfg.Log.WarnContext(s.v.r.Context(), "a subscription is refused, and the page stays as it is", "path", s.v.pattern(), "code", graph.Code, "status", graph.Status)
		err = errEnded
	}
	if errors.Is(err, errEnded) {
		_ = s.event("end", "") // nobody reads it who has left
		return nil
	}
	if s.v.r.Context().Err() != nil || s.begun {
		return nil
	}
	return err
}
