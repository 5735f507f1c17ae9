package web

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// InProcess returns a RoundTripper that hands requests to a handler of this process, without a socket. A request is answered once the handler has
// returned; those for event streams are pushed. The request's RemoteAddr is what the handler sees.
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

// pushing is a carrier that writes an answer to its reader as it comes, in the goroutine that asks: a stream that is open for hours takes
// no goroutine and no buffer besides.
type pushing interface {
	// push calls begin with the answer, which has no body, and writes the body to what begin returns. It returns when the answer has
	// ended, in whatever way.
	push(r *http.Request, begin func(*http.Response) io.Writer)
}

func (t inProcess) push(r *http.Request, begin func(*http.Response) io.Writer) {
	in := received(r)
	w := &streamed{header: http.Header{}, begin: func(status int, header http.Header) io.Writer {
		return begin(&http.Response{
			Status: http.StatusText(status), StatusCode: status, Header: header, Request: r,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: http.NoBody,
		})
	}}
	defer func() {
		_ = recover() // the handler cuts the connection by http.ErrAbortHandler
		w.Flush()
	}()
	t.handler.ServeHTTP(w, in)
}

// streamed hands on what is written as it is written. One Write follows the other, as http.ResponseWriter asks for.
type streamed struct {
	header http.Header
	begin  func(status int, header http.Header) io.Writer
	once   sync.Once
	to     io.Writer
}

func (w *streamed) Header() http.Header { return w.header }

func (w *streamed) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	w.once.Do(func() { w.to = w.begin(status, w.header.Clone()) })
}

func (w *streamed) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.to.Write(b)
}

// Flush sends the headers; nothing else is held back.
func (w *streamed) Flush() { w.WriteHeader(http.StatusOK) }

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
