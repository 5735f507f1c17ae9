package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// InProcess is a transport that hands requests to a handler of this process, without a port or a network. The handler sees
// the context of the request; an answer that comes after its end is none.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// RoundTrip has the request answered.
func (p inProcess) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	defer func() { _ = body.Close() }()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	asked := r.Clone(r.Context())
	asked.Body, asked.RequestURI, asked.Proto, asked.ProtoMajor, asked.ProtoMinor = body, r.URL.RequestURI(), "HTTP/1.1", 1, 1
	if asked.Host == "" {
		asked.Host = r.URL.Host
	}
	answer := &recorded{header: http.Header{}}
	if err := answer.record(p.handler, asked); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer.WriteHeader(http.StatusOK) // unless it said something else
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.sent,
		Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// recorded is an answer as a handler writes it.
type recorded struct {
	header http.Header
	sent   http.Header // header as it was when the answer began
	status int         // 0: nothing written yet
	body   bytes.Buffer
}

// record runs the handler. One that panics is a connection that breaks.
func (a *recorded) record(h http.Handler, r *http.Request) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("in process: the handler panicked: %v", value)
		}
	}()
	h.ServeHTTP(a, r)
	return nil
}

// Header is what the handler fills.
func (a *recorded) Header() http.Header { return a.header }

// WriteHeader begins the answer.
func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.sent = status, a.header.Clone()
	}
}

// Write adds to the answer.
func (a *recorded) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
