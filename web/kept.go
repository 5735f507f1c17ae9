package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"nelke/web/static"
)

const (
	// mostKept is how many pages are kept, and keptBytes how many bytes they may have in all.
	mostKept  = 2000
	keptBytes = 32 << 20
	// unknownBytes is what an answer counts that doesn't say its length.
	unknownBytes = 64 << 10
)

// basis are the public answers of the graph that a page was made of, each by its query string and ETag.
type basis struct {
	answers []basedOn
	loose   bool          // an answer had no ETag, so nobody can tell whether it still holds
	bytes   int           // of the answers
	age     time.Duration // for how long all of them may be used without asking
}

// size is what is kept of the answers, in bytes.
func (b basis) size() (n int) {
	for _, answer := range b.answers {
		n += len(answer.query) + len(answer.tag)
	}
	return n
}

type basedOn struct{ query, tag string }

func (b *basis) add(query string, answer *http.Response) {
	header := answer.Header
	tag := header.Get("Etag")
	if tag == "" || query == "" {
		b.loose = true
	}
	bytes := int(answer.ContentLength)
	if bytes < 0 { // an answer in pieces, which may be of any length
		bytes = unknownBytes
	}
	b.join(basis{answers: []basedOn{{query, tag}}, bytes: bytes, age: maxAge(header)})
}

// join adds the answers of another basis. A nil basis isn't recorded.
func (b *basis) join(more basis) {
	if b == nil || len(more.answers) == 0 {
		return
	}
	if len(b.answers) == 0 || more.age < b.age {
		b.age = more.age
	}
	b.answers, b.loose = append(b.answers, more.answers...), b.loose || more.loose
	b.bytes += more.bytes
}

// keptPage is a public page as it was written last. It is served again as long as the graph says of every answer that it was made of that it still
// holds: by 304, without making the answer.
type keptPage struct {
	body   []byte
	packed []byte // the body gzipped; nil where that isn't worth it
	tag    string
	made   basis
	look   look
}

// size is what a page takes in memory, about: the answers that it was made of included.
func (p keptPage) size() int { return len(p.body) + len(p.packed) + p.made.size() + 1000 }

// publish answers with a page that is the same for everybody without a case. content returns it; what it reads of the graph has to be read by
// v.public(). It may be kept by browsers for no longer than they ask again.
func (v *visit) publish(content func() (templ.Component, error)) error {
	if v.caseKey() != "" { // what such a visitor reads is kept nowhere
		shown, err := content()
		if err != nil {
			return err
		}
		return v.show(http.StatusOK, shown)
	}
	key := v.slug + "\x00" + v.origin() + "\x00" + strconv.FormatBool(v.one) + "\x00" + v.lang + "\x00" + v.base + v.path + "?" + v.r.URL.RawQuery
	if p, ok := v.site.kept.get(key); ok {
		if _, ok := v.holds(p.made); ok {
			v.publishBytes(p)
			return nil
		}
	}
	v.made = &basis{}
	shown, err := content()
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := shown.Render(v.r.Context(), &body); err != nil {
		return err
	}
	sum := sha256.Sum256(body.Bytes())
	p := keptPage{body: body.Bytes(), tag: base64.RawURLEncoding.EncodeToString(sum[:12]), made: *v.made, look: v.look}
	if len(p.body) >= leastGzip {
		p.packed = zipped(p.body)
	}
	if !p.made.loose && len(v.r.URL.RawQuery) < 1000 {
		v.site.kept.put(key, p)
	}
	v.publishBytes(p)
	return nil
}

func (v *visit) publishBytes(p keptPage) {
	v.look = p.look
	header := v.w.Header()
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Vary", "Cookie")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.lang)
	v.sent = true
	static.ServeCoded(v.w, v.r, "", p.tag, p.body, p.packed)
}

// holds reports whether the graph still gives each of the answers, and for how long they may be used without asking again.
func (v *visit) holds(made basis) (age time.Duration, ok bool) {
	ctx, cancel := context.WithTimeout(v.r.Context(), patience)
	defer cancel()
	c := v.public()
	c.made = nil
	for i, answer := range made.answers {
		r := c.get(ctx, answer.query)
		r.Header["If-None-Match"] = []string{answer.tag}
		got, err := c.carrier.RoundTrip(r)
		if err != nil {
			return 0, false
		}
		_ = got.Body.Close()
		if got.StatusCode != http.StatusNotModified {
			return 0, false
		}
		if left := maxAge(got.Header); i == 0 || left < age {
			age = left
		}
	}
	return age, len(made.answers) > 0
}
