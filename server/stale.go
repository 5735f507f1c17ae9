package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"nelke/graph"
	"nelke/internal/cache"
)

// staleIfError permits caches what this service does: to serve what was published for a while after it has gone
// (RFC 5861, section 4).
//
// None does so past the instant at which time alone makes it untrue (zero: there is none).
func staleIfError(now, validUntil time.Time, age time.Duration) string {
	last := cache.Outlives
	if !validUntil.IsZero() {
		last = min(last, validUntil.Sub(now)-age)
	}
	if last < time.Second {
		return ""
	}
	return ", stale-if-error=" + strconv.Itoa(int(last/time.Second))
}

// status chooses the status of an answer of the graph's, and says in headers how old it is where that isn't now.
func status(header http.Header, response *graphql.Response) int {
	if s, ok := response.Extensions[graph.StaleExtension].(graph.Stale); ok {
		aged(header, s)
	}
	return unavailable(header, response)
}

// aged says that an answer is older than it should be: its age (RFC 9111, section 5.1), and that it was served stale
// (RFC 9211). No cache on the way may keep it: there it would live anew.
func aged(header http.Header, s graph.Stale) {
	header.Set("Age", strconv.Itoa(s.Seconds))
	header.Set("Cache-Status", "nelke; hit; ttl=-"+strconv.Itoa(s.Seconds)+"; detail=stale-if-error")
	header.Set("Cache-Control", "private, no-store")
}

// outlive serves the answer that is kept under key though it is too old, in the place of one that couldn't be made because the
// database has gone. It reports whether there was one.
func (k *answerCache) outlive(w http.ResponseWriter, key string) bool {
	answer, at, ok := k.answers.Outlive(key)
	if !ok {
		return false
	}
	s := graph.StaleAt(at, k.now())
	body, err := extended(answer.Body, s)
	if err != nil {
		return false
	}
	header := w.Header()
	header.Del("Retry-After")
	header.Set("Content-Type", answer.ContentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	aged(header, s)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a client that went away is no concern of ours
	return true
}

// extended adds to the extensions of a finished answer how old it is.
func extended(body []byte, s graph.Stale) ([]byte, error) {
	var answer struct {
		Data       json.RawMessage            `json:"data"`
		Extensions map[string]json.RawMessage `json:"extensions"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if answer.Extensions == nil {
		answer.Extensions = map[string]json.RawMessage{}
	}
	answer.Extensions[graph.StaleExtension] = text
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(answer)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
