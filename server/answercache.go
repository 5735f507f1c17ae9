package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"nelke/graph"
	"nelke/internal/cache"
)

const (
	keptBody   = 64 << 10        // longer requests are executed each time
	keptQuery  = 8 << 10         // the same for a URL
	readAtOnce = 4 << 10         // how much memory a body gets before so much of it has come
	keptBuffer = 16 << 10        // how long a buffer may be to be used again
	maxAge     = 2 * time.Second // how long browsers and proxies may keep a public answer: nobody can call it back
	schemaAge  = time.Minute     // the same for what changes with the program alone: the schema
)

// answerCache serves whole public answers from memory, in front of everything that costs: no parsing, no validation, no
// execution. An answer is kept if nobody's credentials were sent, every root field says that it is the same for
// everybody, and nothing failed; and for as long as nothing that it was made of has changed.
type answerCache struct {
	answers *cache.Answers
	next    http.Handler
	now     func() time.Time
	match   languages
	metrics *metrics
	buffers sync.Pool // of keys
	bodies  sync.Pool // of answers
}

func cacheAnswers(answers *cache.Answers, now func() time.Time, m *metrics) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return &answerCache{
			answers: answers, next: next, now: now, match: newLanguages(), metrics: m,
			buffers: sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }},
			bodies:  sync.Pool{New: func() any { return new(bytes.Buffer) }},
		}
	}
}

func (k *answerCache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Add("Vary", "Accept-Language, Authorization, Cookie")
	if !keepable(r) {
		header["Cache-Control"] = []string{"private, no-store"}
		k.next.ServeHTTP(w, r)
		return
	}
	start := time.Now()
	buffer := k.buffers.Get().(*[]byte)
	key, err := k.key((*buffer)[:0], r)
	if err == nil {
		// Get doesn't hold on to the key, so the buffer may stand in for a string.
		if answer, ok := k.answers.Get(unsafe.String(unsafe.SliceData(key), len(key))); ok {
			k.giveBack(buffer, key)
			k.serve(w, r, answer)
			k.metrics.served(time.Since(start))
			return
		}
	}
	name := string(key)
	k.giveBack(buffer, key)
	if r.Method == http.MethodPost {
		read := name[k.head(r):]
		r.Body = body{io.MultiReader(strings.NewReader(read), r.Body), r.Body} // which repeats its error, if it has one
	}
	if err != nil {
		header["Cache-Control"] = []string{"private, no-store"}
		k.next.ServeHTTP(w, r)
		return
	}
	k.execute(w, r, name)
}

func (k *answerCache) giveBack(buffer *[]byte, key []byte) {
	if cap(key) <= keptBuffer {
		*buffer = key
	}
	k.buffers.Put(buffer)
}

// body is what was read before, and what there is still to read.
type body struct {
	io.Reader
	io.Closer
}

// keepable reports whether the answer to a request may be kept, or found, as far as the request shows.
func keepable(r *http.Request) bool {
	if r.Header["Authorization"] != nil || r.Header["Cookie"] != nil || r.Header["Upgrade"] != nil || r.Header[graph.FTV1Header] != nil {
		return false
	}
	for _, accept := range r.Header["Accept"] {
		if strings.Contains(accept, "event-stream") || len(accept) > 500 {
			return false
		}
	}
	switch r.Method {
	case http.MethodGet:
		return r.URL.RawQuery != "" && len(r.URL.RawQuery) <= keptQuery
	case http.MethodPost:
		kind := r.Header["Content-Type"]
		return r.ContentLength > 0 && r.ContentLength <= keptBody && r.Header["Content-Encoding"] == nil &&
			len(kind) == 1 && (kind[0] == "application/json" || kind[0] == "application/json; charset=utf-8")
	default:
		return false
	}
}

// head is the length of what stands in a key before the query.
func (k *answerCache) head(r *http.Request) int {
	n := len(r.Method) + 1 + len("de") + 1
	for _, accept := range r.Header["Accept"] {
		n += len(accept) + 1
	}
	return n + 1
}

// key is everything that an answer depends on: method, language, what media types are accepted, and the raw query or
// body. What is accepted stands there as it was sent: what it comes to is for the transport to say, and clients of
// one kind all send the same.
func (k *answerCache) key(b []byte, r *http.Request) ([]byte, error) {
	b = append(b, r.Method...)
	b = append(b, 0)
	b = append(b, k.match.of(r.Header)...)
	b = append(b, 0)
	for _, accept := range r.Header["Accept"] {
		b = append(b, accept...)
		b = append(b, ',')
	}
	b = append(b, 0)
	if r.Method == http.MethodGet {
		return append(b, r.URL.RawQuery...), nil
	}
	// The buffer grows with what comes: what is declared need not.
	for left := int(r.ContentLength); left > 0; {
		from := len(b)
		b = slices.Grow(b, min(left, readAtOnce))
		n, err := io.ReadFull(r.Body, b[from:from+min(left, cap(b)-from)])
		b, left = b[:from+n], left-n
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// serve writes an answer from memory.
func (k *answerCache) serve(w http.ResponseWriter, r *http.Request, answer cache.Answer) {
	if e := exchangeOf(r.Context()); e != nil {
		e.kept = true
	}
	if !room(w, r, len(answer.Body)) {
		return
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	header["Content-Type"] = []string{answer.ContentType}
	if k.public(header, r, answer) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Length"] = []string{strconv.Itoa(len(answer.Body))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(answer.Body) // a client that went away is no concern of ours
}

// public says of an answer to GET how long it may be kept elsewhere, and reports whether the client has it already.
// Answers to POST are kept by nobody but us (RFC 9110, section 9.3.3).
func (k *answerCache) public(header http.Header, r *http.Request, answer cache.Answer) (known bool) {
	if r.Method != http.MethodGet {
		header["Cache-Control"] = []string{"private, no-store"}
		return false
	}
	age := maxAge
	if answer.Fixed {
		age = schemaAge
	}
	if !answer.ValidUntil.IsZero() {
		age = max(0, min(age, answer.ValidUntil.Sub(k.now())))
	}
	control := "public, max-age=" + strconv.Itoa(int(age/time.Second))
	if answer.Lasting && !answer.Fixed {
		control += staleIfError(k.now(), answer.ValidUntil, age)
	}
	header["Cache-Control"] = []string{control}
	header["Etag"] = []string{answer.ETag}
	if !matches(r.Header["If-None-Match"], answer.ETag) {
		return false
	}
	delete(header, "Content-Length")
	delete(header, "Content-Type")
	return true
}

// matches compares as If-None-Match asks: weakly (RFC 9110, section 13.1.2). Our tags have no commas.
func matches(sent []string, tag string) bool {
	for _, list := range sent {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// execute has the answer made, and keeps it if it may.
func (k *answerCache) execute(w http.ResponseWriter, r *http.Request, key string) {
	ctx, deps := cache.Collect(r.Context())
	body, _ := k.bodies.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= keptBody {
			body.Reset()
			k.bodies.Put(body)
		}
	}()
	c := &captured{ResponseWriter: w, body: body}
	k.next.ServeHTTP(c, r.WithContext(ctx))

	header := w.Header()
	full := false // then the database is there, and no answer is too old
	if e := exchangeOf(r.Context()); e != nil {
		full = e.load.Full()
	}
	if c.status == http.StatusServiceUnavailable && !full && k.outlive(w, key) {
		return
	}
	if c.status != http.StatusOK || !deps.Keepable() || bytes.HasPrefix(c.body.Bytes(), []byte(`{"errors"`)) {
		header["Cache-Control"] = []string{"private, no-store"}
		c.write()
		return
	}
	answer := cache.Answer{
		Body: c.body.Bytes(), ContentType: header.Get("Content-Type"), ValidUntil: deps.ValidUntil(), Fixed: deps.Fixed(), Lasting: deps.Lasts(),
	}
	if r.Method == http.MethodGet { // nobody else gets one
		answer.ETag = etag(answer)
	}
	if k.answers.Offer(key, answer, deps) {
		k.metrics.filled()
	}
	if k.public(header, r, answer) {
		c.status = http.StatusNotModified
		c.body.Reset()
	}
	c.write()
}

// etag is a strong one: other bytes, or another media type, have another.
func etag(answer cache.Answer) string {
	h := sha256.New()
	_, _ = io.WriteString(h, answer.ContentType)
	h.Write([]byte{0})
	h.Write(answer.Body)
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// captured holds an answer back until it is known whether it may be kept. Its headers are those of the real one.
type captured struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
}

func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *captured) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}

func (c *captured) write() {
	c.WriteHeader(http.StatusOK)
	c.ResponseWriter.WriteHeader(c.status)
	if c.body.Len() > 0 {
		_, _ = c.ResponseWriter.Write(c.body.Bytes()) // a client that went away is no concern of ours
	}
}
