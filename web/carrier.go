package web

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// InProcess returns a RoundTripper that hands requests to a handler of this process, without a socket. A request for an event
// stream is answered while the handler runs; any other once it has returned. The request's RemoteAddr is what the handler sees.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// received returns a request as a handler gets it. It has the header and the URL in common with the one that was sent, which no handler changes.
func received(r *http.Request) *http.Request {
	in := r.WithContext(r.Context())
	in.Host = r.URL.Host
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := received(r)
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return t.stream(in)
	}
	rec := &recorded{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(rec, in)
	return &http.Response{
		Status: http.StatusText(rec.status), StatusCode: rec.status, Header: rec.header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(rec.body.Len()), Body: io.NopCloser(&rec.body),
	}, nil
}

// recorded is an answer that is held in memory until it is whole.
type recorded struct {
	header  http.Header
	body    bytes.Buffer
	status  int
	written bool
}

func (w *recorded) Header() http.Header { return w.header }

func (w *recorded) WriteHeader(status int) {
	if !w.written && status >= http.StatusOK {
		w.status, w.written = status, true
	}
}

func (w *recorded) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// stream runs the handler beside its reader. Closing the body ends the handler's context.
func (t inProcess) stream(in *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(in.Context())
	reader, writer := io.Pipe()
	w := &streamed{header: http.Header{}, pipe: writer, begun: make(chan struct{}), status: http.StatusOK}
	go func() {
		defer cancel()
		defer func() {
			err := io.EOF
			if value := recover(); value != nil { // the handler cuts the connection by http.ErrAbortHandler
				err = io.ErrUnexpectedEOF
			}
			w.begin()
			_ = writer.CloseWithError(err)
		}()
		t.handler.ServeHTTP(w, in.WithContext(ctx))
	}()
	<-w.begun
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Header: w.header, Request: in,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: streamBody{reader, cancel},
	}, nil
}

// streamed hands on what is written as it is written.
type streamed struct {
	header http.Header
	status int
	pipe   *io.PipeWriter
	once   sync.Once
	begun  chan struct{}
}

func (w *streamed) begin() { w.once.Do(func() { close(w.begun) }) }

func (w *streamed) Header() http.Header { return w.header }

func (w *streamed) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	w.once.Do(func() {
		w.status, w.header = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *streamed) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(b)
}

// Flush sends the headers; nothing else is held back.
func (w *streamed) Flush() { w.WriteHeader(http.StatusOK) }

type streamBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b streamBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// OverNetwork returns a RoundTripper for a graph elsewhere: it appends the client's address to X-Forwarded-For, so that the graph,
// which has to trust this process as a proxy, limits each client by itself.
func OverNetwork(next http.RoundTripper) http.RoundTripper { return overNetwork{next} }

type overNetwork struct{ next http.RoundTripper }

func (t overNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		hops := append(out.Header.Values("X-Forwarded-For"), host)
		out.Header.Set("X-Forwarded-For", strings.Join(hops, ", "))
	}
	return t.next.RoundTrip(out)
}
