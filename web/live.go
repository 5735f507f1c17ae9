package web

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"
)

// stream sends fragments of a page as server-sent events. An element of a fragment takes the place of the one with its id.
type stream struct {
	v     *visit
	begun bool
	last  []byte
}

func (v *visit) stream() *stream { return &stream{v: v} }

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

func (s *stream) event(name, data string) error {
	if !s.begun {
		header := s.v.w.Header()
		header.Set("Content-Type", "text/event-stream; charset=utf-8")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Accel-Buffering", "no")
		s.begun = true
	}
	var out strings.Builder
	if name != "" {
		out.WriteString("event: " + name + "\n")
	}
	for line := range strings.SplitSeq(data, "\n") {
		out.WriteString("data: " + strings.TrimSuffix(line, "\r") + "\n")
	}
	out.WriteByte('\n')
	if _, err := s.v.w.Write([]byte(out.String())); err != nil {
		return err
	}
	return http.NewResponseController(s.v.w).Flush()
}

// end finishes the stream: for good where the subscription has ended by itself, else so that the browser comes back. An error
// before anything was sent is returned, to be answered as one.
func (s *stream) end(err error) error {
	if errors.Is(err, errEnded) {
		_ = s.event("end", "") // nobody reads it who has left
		return nil
	}
	if s.v.r.Context().Err() != nil || s.begun {
		return nil
	}
	return err
}
